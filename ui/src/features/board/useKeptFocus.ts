import { type RefObject, useEffect, useRef } from "react";

/**
 * Keeps the focus on a card that moves to another column: it is another element there, and without this the focus
 * would fall back to the start of the page. `moved` is anything that changes when cards may have moved.
 */
export function useKeptFocus(board: RefObject<HTMLElement | null>, moved: unknown): void {
  const lastCard = useRef<string | null>(null);
  useEffect(() => {
    const remember = (event: FocusEvent): void => {
      const card = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-card]") : null;
      // A menu of the card takes the focus for a while: that is not leaving it.
      if (card === null && event.target instanceof Element && event.target.closest('[role="menu"]') !== null) return;
      lastCard.current = card?.dataset["card"] ?? null;
    };
    const forget = (): void => {
      lastCard.current = null;
    };
    document.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", forget);
    return () => {
      document.removeEventListener("focusin", remember);
      document.removeEventListener("pointerdown", forget);
    };
  }, []);
  useEffect(() => {
    if (lastCard.current === null || document.activeElement !== document.body) return;
    board.current?.querySelector<HTMLElement>(`[data-card="${lastCard.current}"] [data-card-link]`)?.focus();
  }, [board, moved]);
}
