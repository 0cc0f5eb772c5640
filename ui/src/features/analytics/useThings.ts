import { useEffect, useState } from "react";

import { store } from "@/live/store";
import type { LiveState } from "@/live/state";

const PAUSE_MS = 1_000;

/** The live state, at most once a second: figures of thousands of incidents are not made anew for each change. */
export function useThings(): LiveState {
  const [state, setState] = useState(store.get);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      timer = undefined;
      setState(store.get());
    };
    const stop = store.subscribe(() => {
      timer ??= setTimeout(look, PAUSE_MS);
    });
    look(); // what came between the first look and this
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return state;
}
