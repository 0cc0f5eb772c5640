/** What the guide remembers: whether it is wanted in this browser, and which drill it follows in this tab. */
import { useSyncExternalStore } from "react";

type Mode = "open" | "collapsed" | "closed";

interface Followed {
  /** The experiment's name; null before one was begun. */
  readonly name: string | null;
  /** The page of its incident was opened. */
  readonly hasRead: boolean;
}

const MODE_KEY = "incidentsim.guide";
const DRILL_KEY = "incidentsim.guide.drill";

/** A value that outlives a reload; where storage is forbidden, it lasts as long as the page. */
class Kept<T> {
  private value: T;
  private readonly listeners = new Set<() => void>();
  private readonly write: (value: T) => void;

  constructor(initial: T, write: (value: T) => void) {
    this.value = initial;
    this.write = write;
  }

  readonly get = (): T => this.value;

  readonly set = (value: T): void => {
    this.value = value;
    try {
      this.write(value);
    } catch {
      // Storage is forbidden or full.
    }
    for (const listener of this.listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
}

/** What is stored, or null: nothing, or storage is forbidden. */
function stored(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The first visit has no choice stored, and gets the guide. */
export function parseMode(text: string | null): Mode {
  return text === "collapsed" || text === "closed" ? text : "open";
}

/** Whatever else is stored there is taken for nothing. */
export function parseFollowed(text: string | null): Followed {
  const nobody = { name: null, hasRead: false };
  if (text === null) return nobody;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("name" in value) || typeof value.name !== "string") {
      return nobody;
    }
    return { name: value.name, hasRead: "hasRead" in value && value.hasRead === true };
  } catch {
    return nobody;
  }
}

const mode = new Kept<Mode>(parseMode(stored(() => localStorage.getItem(MODE_KEY))), (value) =>
  localStorage.setItem(MODE_KEY, value),
);
const followed = new Kept<Followed>(parseFollowed(stored(() => sessionStorage.getItem(DRILL_KEY))), (value) =>
  sessionStorage.setItem(DRILL_KEY, JSON.stringify(value)),
);

/** How often it was asked for since the page was loaded. */
const asks = new Kept<number>(0, () => undefined);

export const setMode = mode.set;

/** Somebody wants it now, and is to be led to it. */
export function askForGuide(): void {
  mode.set("open");
  asks.set(asks.get() + 1);
}

export function useAsks(): number {
  return useSyncExternalStore(asks.subscribe, asks.get);
}

export function useMode(): Mode {
  return useSyncExternalStore(mode.subscribe, mode.get);
}

/** Follows another drill; null for none. */
export function follow(name: string | null): void {
  followed.set({ name, hasRead: false });
}

export function noteRead(): void {
  if (!followed.get().hasRead) followed.set({ ...followed.get(), hasRead: true });
}

export function useFollowed(): Followed {
  return useSyncExternalStore(followed.subscribe, followed.get);
}
