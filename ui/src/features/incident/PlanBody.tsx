import { Lock } from "lucide-react";
import { useSearchParams } from "wouter";

import type { Plan, PlanStatus } from "@/api/types";
import { RISK_TONE } from "@/lib/words";
import { useMay } from "@/live/session";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Ago, Remaining } from "@/ui/clock";

import { ChecksList } from "./ChecksList";
import { DecisionNote } from "./DecisionNote";
import { Paragraph } from "./Section";
import { StepsList } from "./StepsList";

/** Where the steps and the checks below tell more than the message does. */
const GOING_WELL: ReadonlySet<PlanStatus> = new Set([
  "awaiting_approval",
  "approved",
  "executing",
  "verifying",
  "completed",
]);

interface PlanBodyProps {
  readonly plan: Plan;
  /** What the diagnosis of the incident says is wrong, which is shown by itself; null where there is none. */
  readonly diagnosis: string | null;
}

/** One plan: what is believed, what would be done, what was done, what has to hold, who decided. */
export function PlanBody({ plan, diagnosis }: PlanBodyProps) {
  const isSaidByIt = diagnosis !== null && plan.analysis.trim() === diagnosis.trim();
  return (
    <div className="flex flex-col gap-5">
      <Origin plan={plan} />
      {plan.status === "awaiting_approval" && <Decide plan={plan} />}
      {plan.message !== "" && !GOING_WELL.has(plan.status) && <p className="text-sm text-muted">{plan.message}</p>}
      {!isSaidByIt && <Paragraph title="What it believes is wrong" text={plan.analysis} />}
      <Paragraph title="Why these steps" text={plan.reasoning} />
      <StepsList plan={plan} />
      <ChecksList plan={plan} />
      <DecisionNote plan={plan} />
    </div>
  );
}

function Origin({ plan }: { readonly plan: Plan }) {
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
      <span>
        By <span className="font-semibold text-ink">{plan.author === "" ? "an unknown author" : plan.author}</span>
        {plan.created_at !== null && (
          <>
            , <Ago at={plan.created_at} />
          </>
        )}
      </span>
      {plan.risk_assessment !== null && (
        <Badge tone={RISK_TONE[plan.risk_assessment]}>{plan.risk_assessment} risk</Badge>
      )}
      <span className="font-mono text-xs">{plan.name}</span>
    </p>
  );
}

/** The way to the decision for who may decide; for others, who that is. */
function Decide({ plan }: { readonly plan: Plan }) {
  const mayApprove = useMay("approve_plans");
  const [, setParams] = useSearchParams();
  const open = (isRejection: boolean): void => {
    setParams((present) => {
      present.set("decide", plan.name);
      if (isRejection) present.set("reject", "");
      return present;
    });
  };
  return (
    <div className="flex flex-wrap items-center gap-2 rounded-md bg-warn-soft px-3 py-2.5 text-sm">
      <p className="mr-auto min-w-0 text-warn">
        <strong className="font-semibold">Waiting for a person.</strong>{" "}
        {plan.expires_at !== null && (
          <>
            It expires in <Remaining until={plan.expires_at} className="tabular font-mono" />.
          </>
        )}
      </p>
      {mayApprove ? (
        <>
          <Button onClick={() => open(true)}>Reject…</Button>
          <Button variant="primary" onClick={() => open(false)}>
            Review and approve…
          </Button>
        </>
      ) : (
        <p className="flex w-full items-start gap-1.5 text-muted">
          <Lock size={14} aria-hidden="true" className="mt-0.5 shrink-0" />
          You may read it, but not decide. That takes the role incidentsim-approver.
        </p>
      )}
    </div>
  );
}
