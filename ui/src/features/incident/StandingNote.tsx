import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { explain } from "@/api/problem";
import { sentence } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Ago } from "@/ui/clock";

import type { Refusal } from "./deciding";
import type { Standing } from "./decision";

interface StandingNoteProps {
  readonly standing: Standing;
  readonly mayApprove: boolean;
  /** The latest try to decide, where it was refused. */
  readonly refusal: Refusal | null;
  readonly onReadAgain: () => void;
}

/** Why the plan cannot be decided on by whoever looks, or why a decision was refused; nothing where all is well. */
export function StandingNote({ standing, mayApprove, refusal, onReadAgain }: StandingNoteProps) {
  const text = toText(standing, onReadAgain);
  if (text !== null) {
    return (
      <Note>
        {refusal !== null && <Lost refusal={refusal} />}
        {text}
      </Note>
    );
  }
  if (!mayApprove) {
    return <Note>You may read the plan, but not decide on it. That takes the role incidentsim-approver.</Note>;
  }
  if (refusal === null) return null;
  return (
    <Note>
      {refusal.problem.code === "already-decided" && <Lost refusal={refusal} />}
      {sentence(explain(refusal.problem))}
    </Note>
  );
}

/** Somebody else was first. */
function Lost({ refusal }: { readonly refusal: Refusal }) {
  return <strong className="font-semibold">Your {refusal.of} did not count. </strong>;
}

function toText(standing: Standing, onReadAgain: () => void): ReactNode {
  switch (standing.kind) {
    case "open":
      return null;
    case "decided":
      return (
        <>
          {standing.decision.approved ? "Approved" : "Rejected"} by{" "}
          <strong className="font-semibold">{standing.decision.by}</strong> <Ago at={standing.decision.at} />
          {standing.decision.reason !== "" && `: ${standing.decision.reason}`}. The first decision stands.
        </>
      );
    case "changed":
      return (
        <span className="flex flex-col items-start gap-2">
          The plan has changed since you read it: its hash is another one. Read it again before you decide.
          <Button size="sm" onClick={onReadAgain}>
            Read the plan as it is now
          </Button>
        </span>
      );
    case "expired":
      return "The time to approve it is over. Ask for a new plan, which is made from what is measured then.";
    case "unchecked":
      return "The operator has not checked the plan yet. That takes a moment; this panel follows it.";
    case "over":
      return "The plan is over without a decision: it no longer fits the incident.";
  }
}

function Note({ children }: { readonly children: ReactNode }) {
  return (
    <div role="alert" className="flex items-start gap-2 rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
      <TriangleAlert size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
      <div className="min-w-0">{children}</div>
    </div>
  );
}
