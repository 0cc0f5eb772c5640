/** Where the focus was, so that it has somewhere to go back to when what had it is gone. */

const MOST = 100;
let trail: HTMLElement[] = [];

document.addEventListener("focusin", ({ target }) => {
  // The entries of a menu go with it; the button that opened it stays.
  if (!(target instanceof HTMLElement) || target.closest("[role=menu]") !== null) return;
  trail = [...trail.filter((element) => element !== target), target].slice(-MOST);
});

/**
 * Focuses what had the focus last and is still there, unless something has it now; at worst the page's content. The
 * focus scope of a dialog knows only what had it when the dialog opened: an entry of a menu, or an autofocused field.
 */
export function restoreFocus(): void {
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  trail = trail.filter((element) => element.isConnected);
  const known = trail.findLast((element) => !element.matches(":disabled"));
  (known ?? document.getElementById("main"))?.focus();
}
