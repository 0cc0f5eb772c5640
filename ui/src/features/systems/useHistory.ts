import { useEffect } from "react";

import { api, unwrap } from "@/api/client";
import { store, useLive } from "@/live/store";

import { readHistory } from "./readHistory";

/** Asks what the API remembers of each signal: at the start, and after each time without a connection. */
export function useHistory(): void {
  const isLive = useLive((state) => state.phase === "live");
  useEffect(() => {
    if (!isLive) return;
    unwrap(api.GET("/api/v1/systems/history")).then(
      ({ systems }) => store.dispatch({ type: "history", answer: readHistory(systems) }),
      () => undefined, // the sparklines begin with what the stream tells, and the next connection asks again
    );
  }, [isLive]);
}
