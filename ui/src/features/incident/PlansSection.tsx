import { ClipboardList } from "lucide-react";

import type { Incident, Plan } from "@/api/types";
import { PLAN_TONE, PLAN_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";
import { Ago } from "@/ui/clock";
import { Fold } from "@/ui/Fold";

import { PlanBody } from "./PlanBody";
import { Section } from "./Section";

interface PlansSectionProps {
  readonly incident: Incident;
  /** Newest first. */
  readonly plans: readonly Plan[];
}

/** What the agent wants to do, does, and did: the newest plan open, older ones folded. */
export function PlansSection({ incident, plans }: PlansSectionProps) {
  const [newest, ...older] = plans;
  const diagnosis = incident.analysis?.diagnosis ?? null;
  if (newest === undefined) {
    return (
      <Section title="Plan">
        <p className="flex items-start gap-2 text-sm text-muted">
          <ClipboardList size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
          {whyNone(incident)}
        </p>
      </Section>
    );
  }
  return (
    <>
      <Section title={older.length > 0 ? `Plan, attempt ${newest.attempt}` : "Plan"} aside={<PlanMark plan={newest} />}>
        <PlanBody plan={newest} diagnosis={diagnosis} />
      </Section>
      {older.length > 0 && (
        <Section title="Earlier plans">
          {older.map((plan) => (
            <OlderPlan key={plan.id} plan={plan} diagnosis={diagnosis} />
          ))}
        </Section>
      )}
    </>
  );
}

function PlanMark({ plan }: { readonly plan: Plan }) {
  return (
    <>
      {plan.dry_run && <Badge title="All but the actions themselves is done">Dry run</Badge>}
      <Badge tone={PLAN_TONE[plan.status]}>{PLAN_WORD[plan.status]}</Badge>
    </>
  );
}

function OlderPlan({ plan, diagnosis }: { readonly plan: Plan; readonly diagnosis: string | null }) {
  return (
    <Fold
      className="border-b border-line py-1.5 last:border-b-0"
      title={
        <>
          Attempt {plan.attempt}
          <PlanMark plan={plan} />
          {plan.created_at !== null && <Ago at={plan.created_at} className="ml-auto text-xs font-normal text-muted" />}
        </>
      }
    >
      <PlanBody plan={plan} diagnosis={diagnosis} />
    </Fold>
  );
}

function whyNone(incident: Incident): string {
  if (incident.status === "resolved") return "It was resolved without a plan.";
  if (!incident.actionable)
    return "No plan may act on it: nothing real is behind it. People handle it by moving its card.";
  if (incident.remediation_mode === "manual")
    return "Its mode is manual: the agent proposes nothing unless it is asked.";
  if (incident.remediation_mode === "advisory")
    return "Its mode is advisory: the agent diagnoses, and proposes nothing.";
  return incident.analysis === null
    ? "The agent proposes a plan once the incident is diagnosed."
    : "No plan was proposed yet.";
}
