import { CircleCheck, CircleX } from "lucide-react";

import type { Plan } from "@/api/types";
import { formatDateTime } from "@/lib/format";
import { OPEN_PLANS } from "@/lib/words";

import { Fact } from "./Section";
import { doorWord } from "./words";

/** Who decided, by which door, when, why, and on exactly what. */
export function DecisionNote({ plan }: { readonly plan: Plan }) {
  const { decision } = plan;
  return (
    <div>
      <h4 className="label mb-1.5">Decision</h4>
      {decision === null ? (
        <p className="text-sm text-muted">{OPEN_PLANS.has(plan.status) ? "None yet." : "None."}</p>
      ) : (
        <p className="mb-1.5 flex items-center gap-1.5 text-sm font-semibold">
          {decision.approved ? (
            <CircleCheck size={16} aria-hidden="true" className="text-ok" />
          ) : (
            <CircleX size={16} aria-hidden="true" className="text-danger" />
          )}
          {decision.approved ? "Approved" : "Rejected"} by {decision.by}
        </p>
      )}
      <dl className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-x-3 gap-y-1 text-sm">
        {decision !== null && (
          <>
            <Fact name="When">
              <time dateTime={decision.at} className="tabular font-mono text-xs">
                {formatDateTime(decision.at)}
              </time>
            </Fact>
            <Fact name="Through">{doorWord(decision.via)}</Fact>
            {decision.reason !== "" && <Fact name="Reason">{decision.reason}</Fact>}
          </>
        )}
        <Fact name="Plan's hash">
          {plan.plan_hash === "" ? (
            <span className="text-faint">not computed yet</span>
          ) : (
            <span className="font-mono text-xs break-all">{plan.plan_hash}</span>
          )}
        </Fact>
      </dl>
    </div>
  );
}
