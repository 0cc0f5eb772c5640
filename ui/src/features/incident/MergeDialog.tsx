import { useMemo, useState } from "react";

import type { Incident } from "@/api/types";
import { STATUS_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { useLive } from "@/live/store";
import { Button } from "@/ui/Button";
import { CloseButton, Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { useBusy } from "@/ui/useBusy";

import { mergeInto } from "./actions";
import { findMergeTargets } from "./related";

/** Asks which open incident goes on in this one's place. */
export function MergeDialog({ incident, onClose }: { readonly incident: Incident; readonly onClose: () => void }) {
  const incidents = useLive((state) => state.incidents);
  const [wanted, setWanted] = useState("");
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState<Incident | null>(null);
  const [isBusy, busy] = useBusy();
  const targets = useMemo(() => findMergeTargets(incident, incidents.values(), wanted), [incident, incidents, wanted]);
  const merge = async (): Promise<void> => {
    if (chosen !== null && (await busy(() => mergeInto(incident, chosen, reason.trim())))) onClose();
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Merge ${label(incident)} into another`}
      description="This incident is resolved, and the other goes on. Incidents of the same systems come first."
      closesOutside={false}
      isDirty={reason.trim() !== ""}
      footer={
        <>
          <CloseButton>Cancel</CloseButton>
          <Button variant="primary" isBusy={isBusy} disabled={chosen === null} onClick={() => void merge()}>
            {chosen === null ? "Merge" : `Merge into ${label(chosen)}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <TextField
          label="Find by number, name or title"
          autoFocus
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <Targets targets={targets} chosen={chosen} onChoose={setChosen} />
        <TextField
          label="Reason (optional)"
          value={reason}
          maxLength={1024}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
    </Dialog>
  );
}

interface TargetsProps {
  readonly targets: readonly Incident[];
  readonly chosen: Incident | null;
  readonly onChoose: (incident: Incident) => void;
}

function Targets({ targets, chosen, onChoose }: TargetsProps) {
  if (targets.length === 0) return <p className="text-sm text-muted">No other open incident matches.</p>;
  return (
    <fieldset className="flex flex-col">
      <legend className="label mb-1">Open incidents</legend>
      {targets.map((target) => (
        <label key={target.id} className="flex cursor-pointer items-start gap-2.5 rounded-sm px-1 py-2 hover:bg-hover">
          <input
            type="radio"
            name="merge-into"
            className="mt-1 size-4 accent-accent"
            checked={chosen?.id === target.id}
            onChange={() => onChoose(target)}
          />
          <span className="min-w-0 text-sm">
            <span className="mr-1 font-mono font-medium">{label(target)}</span> {target.message}{" "}
            <span className="block text-xs text-muted">
              {STATUS_WORD[target.status]}
              {target.affected_systems.length > 0 && `, ${target.affected_systems.join(", ")}`}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
