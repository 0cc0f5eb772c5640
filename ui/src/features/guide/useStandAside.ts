import { type RefObject, useEffect, useState } from "react";

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** How much of `what` lies under `cover`, from 0 to 1. */
export function coveredShare(what: Box, cover: Box): number {
  const width = Math.min(what.right, cover.right) - Math.max(what.left, cover.left);
  const height = Math.min(what.bottom, cover.bottom) - Math.max(what.top, cover.top);
  const area = (what.right - what.left) * (what.bottom - what.top);
  return width <= 0 || height <= 0 || area <= 0 ? 0 : (width * height) / area;
}

/** More than this of what has the focus may not be hidden. */
const MOST = 0.5;

/**
 * Whether the guide has to make room, because what has the focus lies under it and cannot be scrolled out from there.
 * Only for focus that is shown: what is clicked is not under the guide.
 */
export function useStandAside(ref: RefObject<HTMLElement | null>): boolean {
  const [isAside, setAside] = useState(false);
  useEffect(() => {
    const look = (event: FocusEvent): void => {
      const guide = ref.current;
      const { target } = event;
      if (guide === null || !(target instanceof HTMLElement)) return;
      if (guide.contains(target) || !target.matches(":focus-visible")) {
        setAside(false);
        return;
      }
      const isCovered = (): boolean =>
        coveredShare(target.getBoundingClientRect(), guide.getBoundingClientRect()) > MOST;
      if (isCovered()) target.scrollIntoView({ block: "center", behavior: "instant" });
      setAside(isCovered());
    };
    document.addEventListener("focusin", look);
    return () => document.removeEventListener("focusin", look);
  }, [ref]);
  return isAside;
}
