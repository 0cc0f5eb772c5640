/** Whether the strip is folded: as it was left, else by how much room there is. */
import { useState } from "react";

const KEY = "incidentsim.systems";
const MANY = 6;

/** Many systems, or a narrow screen: then the board would begin out of sight. */
export function isFolded(remembered: string | null, count: number, isNarrow: boolean): boolean {
  if (remembered === "folded") return true;
  return remembered !== "open" && (isNarrow || count > MANY);
}

export function useFolded(count: number): readonly [boolean, (folded: boolean) => void] {
  const [remembered, setRemembered] = useState(read);
  const choose = (folded: boolean): void => {
    const word = folded ? "folded" : "open";
    setRemembered(word);
    try {
      localStorage.setItem(KEY, word);
    } catch {
      // Storage may be forbidden: then the choice lasts as long as the page.
    }
  };
  return [isFolded(remembered, count, matchMedia("(width < 48rem)").matches), choose];
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
