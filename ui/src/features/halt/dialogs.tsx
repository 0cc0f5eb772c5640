/** The two ways to turn the kill switch, each by the address. They outlive the menu that opens them. */
import { type SyntheticEvent, useId, useState } from "react";

import { api, unwrap } from "@/api/client";
import { countOf } from "@/lib/format";
import { RUNNING } from "@/lib/words";
import { attempt } from "@/live/actions";
import { useMay } from "@/live/session";
import { store, useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { Prompt } from "@/ui/Prompt";
import { useBusy } from "@/ui/useBusy";
import { useDialogParam } from "@/ui/useDialogParam";

/** Names of the dialogs in the address. */
export const HALT = "halt";
export const ALLOW = "allow-drills";
const LONGEST_REASON = 200;

/** Stops all drills. Asks why, since others will find their drills stopped. */
export function HaltDialog() {
  const [isAsked, close] = useDialogParam(HALT);
  const mayHalt = useMay("halt");
  const form = useId();
  const [isBusy, busy] = useBusy();
  const halt = async (reason: string): Promise<void> => {
    const killSwitch = await busy(() =>
      attempt("All drills are stopped", "The kill switch was not turned on", () =>
        unwrap(api.PUT("/api/v1/kill-switch", { body: { reason } })),
      ),
    );
    if (killSwitch === null) return;
    store.dispatch({ type: "switched", killSwitch });
    close();
  };
  return (
    <Dialog
      isOpen={isAsked && mayHalt}
      onClose={close}
      closesOutside={false}
      size="sm"
      title="Stop all drills?"
      description="The kill switch undoes every active fault at once, in every namespace, and lets no new one begin until it is turned off."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button variant="danger" type="submit" form={form} isBusy={isBusy}>
            Stop all drills
          </Button>
        </>
      }
    >
      <Progress />
      <ReasonForm id={form} onSubmit={(reason) => void halt(reason)} />
    </Dialog>
  );
}

/** What is about to be undone, as far as this person may see it. */
function Progress() {
  const experiments = useLive((state) => state.experiments);
  const mayRead = useMay("read_experiments");
  if (!mayRead) return null;
  const running = [...experiments.values()].filter(({ status }) => RUNNING.has(status)).length;
  return (
    <p className="mb-4 text-sm">
      {running === 0
        ? "No fault that you may see is in progress."
        : `${countOf(running, "fault is", "faults are")} in progress and will be undone.`}
    </p>
  );
}

interface ReasonFormProps {
  readonly id: string;
  readonly onSubmit: (reason: string) => void;
}

function ReasonForm({ id, onSubmit }: ReasonFormProps) {
  const [reason, setReason] = useState("");
  const [isMissing, setIsMissing] = useState(false);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const given = reason.trim();
    setIsMissing(given === "");
    if (given !== "") onSubmit(given);
  };
  return (
    <form id={id} onSubmit={submit} noValidate>
      <TextField
        label="Reason"
        hint="In one line, for whoever finds a drill stopped. Everybody sees it with your name."
        error={isMissing && reason.trim() === "" ? "Say why: others will find their drills stopped." : undefined}
        value={reason}
        maxLength={LONGEST_REASON}
        required
        autoFocus
        autoComplete="off"
        onChange={(event) => setReason(event.target.value)}
      />
    </form>
  );
}

/** Lets drills begin again. */
export function AllowDialog() {
  const [isAsked, close] = useDialogParam(ALLOW);
  const mayHalt = useMay("halt");
  const killSwitch = useLive((state) => state.killSwitch);
  if (!isAsked || !mayHalt || killSwitch?.on !== true) return null;
  return (
    <Prompt
      onClose={close}
      title="Allow drills again?"
      description="Drills that were created meanwhile begin. What was undone stays undone."
      field={null}
      confirm="Allow drills again"
      onConfirm={allow}
    >
      <p className="text-sm">
        {killSwitch.reason === "" ? "" : `It was turned on because: “${killSwitch.reason}”. `}
        Make sure that this is over.
      </p>
    </Prompt>
  );
}

async function allow(): Promise<boolean> {
  const killSwitch = await attempt("Drills are allowed again", "The kill switch is still on", () =>
    unwrap(api.DELETE("/api/v1/kill-switch")),
  );
  if (killSwitch !== null) store.dispatch({ type: "switched", killSwitch });
  return killSwitch !== null;
}
