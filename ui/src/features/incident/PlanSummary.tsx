import type { Plan } from "@/api/types";
import { SIGNAL_WORD } from "@/lib/words";
import { useSession } from "@/live/session";
import { Remaining } from "@/ui/clock";

import { Fact } from "./Section";
import { ActionText } from "./StepsList";
import { shortHash, SIGNED_IN_WORD } from "./words";

/** What will be done, step by step, and what has to hold afterwards. */
export function WhatIsDone({ plan }: { readonly plan: Plan }) {
  return (
    <div>
      <h3 className="label mb-2">{plan.dry_run ? "What would be done (a dry run)" : "What will be done"}</h3>
      <ol className="flex flex-col gap-3">
        {plan.recommended_actions.map((action, index) => (
          <li key={action.id} className="flex gap-3">
            <span aria-hidden="true" className="tabular font-mono text-sm text-faint">
              {index + 1}
            </span>
            <div className="flex min-w-0 flex-1 flex-col gap-1">
              <ActionText action={action} />
            </div>
          </li>
        ))}
      </ol>
      {plan.verification.length > 0 && (
        <p className="mt-3 text-sm text-muted">
          It counts as healed once{" "}
          {plan.verification
            .map(
              (check) =>
                `${SIGNAL_WORD[check.signal].toLowerCase()} of ${check.system} held for ${check.hold_seconds} s`,
            )
            .join(" and ")}
          .
        </p>
      )}
    </div>
  );
}

interface BoundToProps {
  readonly plan: Plan;
  /** The hash of the plan as it was read. */
  readonly hash: string;
  /** It can still be decided on. */
  readonly isOpen: boolean;
}

/** Who decides, until when, and on exactly which plan. */
export function BoundTo({ plan, hash, isOpen }: BoundToProps) {
  const session = useSession();
  return (
    <div>
      <h3 className="label mb-2">What the decision is bound to</h3>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-sm">
        <Fact name="You are">
          <span className="font-semibold">{session.user}</span>{" "}
          <span className="text-muted">({SIGNED_IN_WORD[session.via] ?? session.via})</span>
        </Fact>
        <Fact name="Plan">
          <span className="font-mono text-xs">{plan.name}</span>
        </Fact>
        <Fact name="Its hash">
          <span className="font-mono text-base font-medium">{shortHash(hash)}</span>
          <span className="block font-mono text-xs break-all text-muted">{hash}</span>
        </Fact>
        {isOpen && plan.expires_at !== null && (
          <Fact name="Expires in">
            <Remaining until={plan.expires_at} className="tabular font-mono" />
          </Fact>
        )}
      </dl>
      <p className="mt-2 text-sm text-muted">
        The decision is for the plan with this hash and for no other: if a step changes, so does the hash.
      </p>
    </div>
  );
}
