import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";

import { scenariosQuery } from "@/api/queries";
import type { Scenario } from "@/api/types";
import { FAULT_WORD } from "@/lib/words";
import { startDrill } from "@/live/drills";
import { useMay } from "@/live/session";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { useBusy } from "@/ui/useBusy";
import { useDialogParam } from "@/ui/useDialogParam";

import { LONGEST_SECONDS, readSeconds } from "./seconds";

/** Name of the dialog in the address; its value is the drill's name. */
export const RUN = "run";

/** Starts a drill, for as long as one likes. */
export function RunDialog() {
  const [isAsked, close, name] = useDialogParam(RUN);
  const mayRun = useMay("run_experiments");
  const scenario = useQuery(scenariosQuery).data?.find((each) => each.name === name);
  const form = useId();
  const [isBusy, busy] = useBusy();
  if (scenario === undefined) return null;
  const run = async (seconds: number): Promise<void> => {
    const started = await busy(() => startDrill(scenario, seconds));
    if (started !== null) close();
  };
  return (
    <Dialog
      isOpen={isAsked && mayRun}
      onClose={close}
      size="sm"
      title={`${FAULT_WORD[scenario.fault_type]} on ${scenario.system}`}
      description={scenario.summary}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button variant="primary" type="submit" form={form} isBusy={isBusy}>
            Run the drill
          </Button>
        </>
      }
    >
      <DurationForm key={scenario.name} id={form} scenario={scenario} onSubmit={(seconds) => void run(seconds)} />
    </Dialog>
  );
}

interface DurationFormProps {
  readonly id: string;
  readonly scenario: Scenario;
  readonly onSubmit: (seconds: number) => void;
}

function DurationForm({ id, scenario, onSubmit }: DurationFormProps) {
  const [text, setText] = useState(String(scenario.duration_seconds));
  const [isChecked, setIsChecked] = useState(false);
  const seconds = readSeconds(text);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    setIsChecked(true);
    if (seconds !== null) onSubmit(seconds);
  };
  return (
    <form id={id} onSubmit={submit} noValidate>
      <TextField
        label="Longest time, in seconds"
        hint="After that the fault ends by itself, even if nothing healed it and the operator is gone."
        error={isChecked && seconds === null ? `A whole number from 1 to ${LONGEST_SECONDS}.` : undefined}
        value={text}
        inputMode="numeric"
        autoFocus
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}
