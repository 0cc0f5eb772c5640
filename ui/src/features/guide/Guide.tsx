import { lazy, Suspense, useEffect } from "react";

import { useMay } from "@/live/session";
import { useLive } from "@/live/store";
import { useDialogParam } from "@/ui/useDialogParam";

import { askForGuide, useMode } from "./memory";

const GuidePanel = lazy(() => import("./GuidePanel"));

/** Leads through a first drill, beside the board and not over it. `?guide` opens it again. */
export function Guide() {
  const [isAsked, clearAsked] = useDialogParam("guide");
  const mode = useMode();
  const isSynced = useLive((state) => state.isSynced);
  const mayFollow = useMay("read_experiments");

  useEffect(() => {
    if (!isAsked) return;
    askForGuide();
    clearAsked();
  });

  if (mode === "closed" || !isSynced || !mayFollow) return null;
  return (
    <Suspense fallback={null}>
      <GuidePanel isOpen={mode === "open"} />
    </Suspense>
  );
}
