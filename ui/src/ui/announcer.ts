/** Says things to screen readers, once each, without moving the focus. */
let region: HTMLElement | null = null;

/** Makes the live region; it must stand in the page before the first word is put into it. */
export function mountAnnouncer(): void {
  region = document.createElement("div");
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  region.className = "sr-only";
  region.dataset["announcer"] = "";
  document.body.append(region);
}

export function announce(text: string): void {
  if (region === null) return;
  // The same text again is no change, and would not be read.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
