import { useState } from "react";

import type { Plan } from "@/api/types";
import { RISK_TONE } from "@/lib/words";
import { useMay } from "@/live/session";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { useNow } from "@/ui/clock";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { ReasonArea } from "@/ui/ReasonArea";

import { type Standing, standingOf, wordToType } from "./decision";
import { type Deciding, useDeciding } from "./deciding";
import { BoundTo, WhatIsDone } from "./PlanSummary";
import { StandingNote } from "./StandingNote";

interface ApprovalPanelProps {
  readonly plan: Plan;
  readonly startsWithRejection: boolean;
  readonly onClose: () => void;
}

/** The decision on exactly one plan: what it does, what it is bound to, and what is to be typed for it. */
export function ApprovalPanel({ plan, startsWithRejection, onClose }: ApprovalPanelProps) {
  const mayApprove = useMay("approve_plans");
  // What was read is what is approved: a plan that changes meanwhile has to be read again.
  const [readHash, setReadHash] = useState(plan.plan_hash);
  const [isRejecting, setRejecting] = useState(startsWithRejection);
  const [text, setText] = useState({ system: "", reason: "" });
  const standing = standingOf(plan, readHash, useNow());
  const deciding = useDeciding(plan, readHash, onClose);
  const isOpen = mayApprove && standing.kind === "open";
  const typed = { text, onChange: setText };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={isOpen ? (isRejecting ? "Reject this plan?" : "Approve this plan?") : "The plan"}
      {...(isOpen ? { description: "The first decision stands: it cannot be taken back." } : {})}
      closesOutside={false}
      isDirty={isOpen && text.reason.trim() !== ""}
      footer={
        isOpen ? (
          <Choices plan={plan} deciding={deciding} isRejecting={isRejecting} onReject={setRejecting} {...typed} />
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      <div className="flex flex-col gap-5">
        <StandingNote
          standing={standing}
          mayApprove={mayApprove}
          refusal={deciding.refusal}
          onReadAgain={() => setReadHash(plan.plan_hash)}
        />
        {plan.risk_assessment !== null && (
          <p>
            <Badge tone={RISK_TONE[plan.risk_assessment]}>{plan.risk_assessment} risk</Badge>
          </p>
        )}
        <WhatIsDone plan={plan} />
        <BoundTo plan={plan} hash={readHash} isOpen={standing.kind === "open"} />
        {isOpen && <Confirmation plan={plan} isRejecting={isRejecting} standing={standing} {...typed} />}
      </div>
    </Dialog>
  );
}

interface Typed {
  readonly system: string;
  readonly reason: string;
}

interface TypedProps {
  readonly text: Typed;
  readonly onChange: (text: Typed) => void;
}

interface ConfirmationProps extends TypedProps {
  readonly plan: Plan;
  readonly isRejecting: boolean;
  readonly standing: Standing;
}

/** What has to be typed: the reason of a rejection, or the system's name where the risk is high. */
function Confirmation({ plan, isRejecting, text, onChange }: ConfirmationProps) {
  const word = wordToType(plan);
  if (isRejecting) {
    return (
      <ReasonArea
        label="Why not?"
        hint="The people who take over read it."
        required
        autoFocus
        value={text.reason}
        onChange={(event) => onChange({ ...text, reason: event.target.value })}
      />
    );
  }
  if (word === null) return null;
  return (
    <TextField
      label={
        <>
          The risk is high: type <span className="font-mono">{word}</span> to approve
        </>
      }
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      value={text.system}
      onChange={(event) => onChange({ ...text, system: event.target.value })}
    />
  );
}

interface ChoicesProps extends TypedProps {
  readonly plan: Plan;
  readonly deciding: Deciding;
  readonly isRejecting: boolean;
  readonly onReject: (isRejecting: boolean) => void;
}

function Choices({ plan, deciding, isRejecting, onReject, text }: ChoicesProps) {
  const word = wordToType(plan);
  if (isRejecting) {
    return (
      <>
        <Button className="mr-auto" disabled={deciding.isBusy} onClick={() => onReject(false)}>
          Back
        </Button>
        <Button
          variant="danger"
          isBusy={deciding.isBusy}
          disabled={text.reason.trim() === ""}
          onClick={() => void deciding.reject(text.reason.trim())}
        >
          Reject the plan
        </Button>
      </>
    );
  }
  return (
    <>
      <Button className="mr-auto" disabled={deciding.isBusy} onClick={() => onReject(true)}>
        Reject…
      </Button>
      <Button
        variant="primary"
        isBusy={deciding.isBusy}
        disabled={word !== null && text.system.trim() !== word}
        onClick={() => void deciding.approve()}
      >
        Approve the plan
      </Button>
    </>
  );
}
