import { useLive } from "@/live/store";

import { type BySystem, settleOpen } from "./openIncidents";

const openNow = settleOpen();

export function useOpenIncidents(): BySystem {
  return useLive((state) => openNow(state.incidents));
}
