import { Dices, RotateCcw, Timer, TimerOff } from "lucide-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { api, unwrap } from "@/api/client";
import type { GeneratorStatus } from "@/api/types";
import { makePracticeIncident, startPractice, stopPractice } from "@/live/drills";
import { useMay } from "@/live/session";
import { useNow } from "@/ui/clock";
import { MenuItem } from "@/ui/Menu";
import { useOpenDialog } from "@/ui/useOpenDialog";

import { describeGenerator } from "./generator";
import { RESET, useMayReset } from "./PracticeDialogs";

/** Incidents to practise on, and a way to begin anew. */
export function PracticeMenuItems() {
  const mayGenerate = useMay("run_generator");
  const mayReset = useMayReset();
  const open = useOpenDialog();
  return (
    <>
      {mayGenerate && <Generating />}
      {mayReset && (
        <MenuItem
          isDanger
          icon={<RotateCcw size={16} aria-hidden="true" />}
          hint="Deletes all incidents, and undoes running faults"
          onSelect={() => open(RESET)}
        >
          Reset…
        </MenuItem>
      )}
    </>
  );
}

const REFRESH_MS = 3000;
const KEY = ["generator"];

/** The menu's entries are there only while it is open, and so is what asks for the generator's state. */
function Generating() {
  const status = useQuery({
    queryKey: KEY,
    queryFn: () => unwrap(api.GET("/api/v1/generator/status")),
    refetchInterval: REFRESH_MS,
    staleTime: 0,
  });
  return (
    <>
      <MenuItem
        icon={<Dices size={16} aria-hidden="true" />}
        hint="Something to read and to triage; no system is broken"
        onSelect={() => void makePracticeIncident()}
      >
        Practice incident now
      </MenuItem>
      <Interval status={status.data} isRefused={status.error !== null} />
    </>
  );
}

interface IntervalProps {
  /** Undefined until it is known. */
  readonly status: GeneratorStatus | undefined;
  readonly isRefused: boolean;
}

function Interval({ status, isRefused }: IntervalProps) {
  const queries = useQueryClient();
  const now = useNow();
  const isRunning = status?.running === true;
  const turn = async (): Promise<void> => {
    const told = isRunning ? await stopPractice() : await startPractice();
    if (told !== null) queries.setQueryData(KEY, told);
  };
  return (
    <MenuItem
      icon={isRunning ? <TimerOff size={16} aria-hidden="true" /> : <Timer size={16} aria-hidden="true" />}
      disabled={status === undefined}
      hint={status === undefined ? unknown(isRefused) : describeGenerator(status, now)}
      onSelect={() => void turn()}
    >
      {isRunning ? "Stop practice incidents" : "Practice incidents at intervals"}
    </MenuItem>
  );
}

function unknown(isRefused: boolean): string {
  return isRefused ? "Its state could not be read. Open the menu again." : "Reading its state…";
}
