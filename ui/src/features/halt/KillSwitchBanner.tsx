import { OctagonX } from "lucide-react";

import { formatDateTime } from "@/lib/format";
import { useMay } from "@/live/session";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Ago } from "@/ui/clock";
import { useOpenDialog } from "@/ui/useOpenDialog";

import { ALLOW, AllowDialog, HaltDialog } from "./dialogs";

/** On every page while all drills are stopped: by whom, since when, and why. It also holds the dialogs of the switch. */
export function KillSwitchBanner() {
  return (
    <>
      <Banner />
      <HaltDialog />
      <AllowDialog />
    </>
  );
}

function Banner() {
  const killSwitch = useLive((state) => state.killSwitch);
  const mayHalt = useMay("halt");
  const open = useOpenDialog();
  if (killSwitch?.on !== true) return null;
  const { by, since, reason } = killSwitch;
  return (
    <div
      role="alert"
      data-banner="kill-switch"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 bg-danger-soft px-3 py-2 text-sm text-danger sm:px-5"
    >
      <OctagonX size={18} aria-hidden="true" className="shrink-0" />
      <p className="min-w-0 flex-1 basis-60">
        <span className="font-semibold">The kill switch is on: every fault is undone, and new ones wait.</span>{" "}
        {reason === "" ? "No reason was given." : `“${reason}”`}{" "}
        <span className="whitespace-nowrap" title={since === null ? undefined : formatDateTime(since)}>
          {by === "" ? "It is not known who turned it on" : `Turned on by ${by}`}
          {since !== null && (
            <>
              , <Ago at={since} />
            </>
          )}
          .
        </span>
      </p>
      {mayHalt && (
        <Button size="sm" onClick={() => open(ALLOW)}>
          Allow drills again
        </Button>
      )}
    </div>
  );
}
