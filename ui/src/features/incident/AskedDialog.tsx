import type { Incident, IncidentStatus } from "@/api/types";
import { STATUS_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { moveIncident } from "@/live/actions";
import { Prompt, type PromptProps } from "@/ui/Prompt";

import { assign, markFalseAlarm, remove, reopen, setTeam } from "./actions";
import { MergeDialog } from "./MergeDialog";

type Ending = "false-alarm" | "reopen" | "delete";
type Worded = { readonly kind: "assign" | "team" | Ending } | { readonly kind: "move"; readonly to: IncidentStatus };

/** What needs a word or a yes before it is done. */
export type Asked = Worded | { readonly kind: "merge" };

interface AskedDialogProps {
  readonly asked: Asked;
  readonly incident: Incident;
  readonly onClose: () => void;
  /** It is deleted. */
  readonly onGone: () => void;
}

export function AskedDialog({ asked, incident, onClose, onGone }: AskedDialogProps) {
  if (asked.kind === "merge") return <MergeDialog incident={incident} onClose={onClose} />;
  return <Prompt {...toPrompt(asked, incident, onGone)} onClose={onClose} />;
}

type Question = Omit<PromptProps, "onClose">;

const REASON = { label: "Reason", isRequired: true, isLong: true };
const MAYBE_REASON = { ...REASON, isRequired: false };

function toPrompt(asked: Worded, incident: Incident, onGone: () => void): Question {
  const name = label(incident);
  switch (asked.kind) {
    case "move":
      return {
        title: `Why is ${name} resolved?`,
        description: "Its system is still unhealthy, so the operator asks for a reason. The timeline keeps it.",
        field: REASON,
        confirm: `Move to ${STATUS_WORD[asked.to]}`,
        onConfirm: async (reason) => (await moveIncident(incident, asked.to, reason)) === "moved",
      };
    case "assign":
      return {
        title: `Assign ${name}`,
        description: "The person who handles it: a user name of the cluster, or any other name.",
        field: { label: "Person", isRequired: true, isLong: false },
        initial: incident.assignee,
        confirm: "Assign",
        onConfirm: (person) => assign(incident, person),
      };
    case "team":
      return {
        title: `Team of ${name}`,
        description: "The team that handles it.",
        field: { label: "Team", isRequired: false, isLong: false },
        initial: incident.team,
        confirm: "Save",
        onConfirm: (team) => setTeam(incident, team),
      };
    case "false-alarm":
    case "reopen":
    case "delete":
      return toEnding(asked.kind, incident, onGone);
  }
}

function toEnding(kind: Ending, incident: Incident, onGone: () => void): Question {
  const name = label(incident);
  switch (kind) {
    case "false-alarm":
      return {
        title: `Mark ${name} as a false alarm`,
        description: "It is resolved, and plans that wait for a decision are superseded.",
        field: REASON,
        confirm: "Mark as a false alarm",
        onConfirm: (reason) => markFalseAlarm(incident, reason),
      };
    case "reopen":
      return {
        title: `Reopen ${name}`,
        description: "It goes back to the board as an open incident.",
        field: MAYBE_REASON,
        confirm: "Reopen",
        onConfirm: (reason) => reopen(incident, reason),
      };
    case "delete":
      return {
        title: `Delete ${name}?`,
        description: "Its plans, timeline and evidence are deleted with it. This cannot be undone.",
        field: null,
        confirm: "Delete",
        isDanger: true,
        onConfirm: async () => {
          const isDone = await remove(incident);
          if (isDone) onGone();
          return isDone;
        },
      };
  }
}
