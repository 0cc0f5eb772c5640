import { type SyntheticEvent, useEffect, useState } from "react";

import { STATUS_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { moveIncident } from "@/live/actions";
import { Button } from "@/ui/Button";
import { CloseButton, Dialog } from "@/ui/Dialog";
import { ReasonArea } from "@/ui/ReasonArea";

import { onReasonNeeded, type Pending } from "./moving";

/** Asks why an incident is over although its system is unhealthy. */
export function ReasonDialog() {
  const [pending, setPending] = useState<Pending | null>(null);
  const [reason, setReason] = useState("");
  useEffect(() => onReasonNeeded(setPending), []);
  const close = (): void => {
    setPending(null);
    setReason("");
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (pending === null || reason.trim() === "") return;
    void moveIncident(pending.incident, pending.to, reason.trim());
    close();
  };
  if (pending === null) return null;
  const systems = pending.incident.affected_systems.join(", ");
  return (
    <Dialog
      isOpen
      onClose={close}
      size="sm"
      title={`Move ${label(pending.incident)} to ${STATUS_WORD[pending.to]}?`}
      description={`${systems} is still unhealthy, so the timeline has to say why the incident is over.`}
      closesOutside={false}
      isDirty={reason.trim() !== ""}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <ReasonArea
          label="Reason"
          required
          autoFocus
          value={reason}
          placeholder="Such as: the system is being replaced"
          onChange={(event) => setReason(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <CloseButton>Leave it in {STATUS_WORD[pending.incident.status]}</CloseButton>
          <Button type="submit" variant="primary" disabled={reason.trim() === ""}>
            Resolve it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
