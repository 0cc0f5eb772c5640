/** The one store of the board: the state, who listens to it, and the connection that feeds it. */
import { useSyncExternalStore } from "react";

import { api } from "@/api/client";

import { Connection } from "./connection";
import { type LiveEvent, reduceAll } from "./reducer";
import { INITIAL, type LiveState } from "./state";

export class Store {
  private state = INITIAL;
  private readonly listeners = new Set<() => void>();

  readonly get = (): LiveState => this.state;

  readonly dispatch = (...events: readonly LiveEvent[]): void => {
    const next = reduceAll(this.state, events);
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
}

export const store = new Store();

export const connection = new Connection({
  dispatch: (events) => {
    store.dispatch(...events);
  },
  seq: () => store.get().seq,
  isSignedIn: async () => {
    try {
      return (await api.GET("/api/v1/session")).response.status !== 401;
    } catch {
      return true; // no answer is no sign-out
    }
  },
});

/** The server's time as far as it is known, in milliseconds since 1970: to compare with times that it gave. */
export function serverNow(): number {
  return Date.now() + store.get().clock.offset;
}

/**
 * A part of the live state, which renders again only when that part is another one. The selector must give the same
 * object for the same state: pick what is there, and derive in useMemo.
 */
export function useLive<T>(select: (state: LiveState) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
