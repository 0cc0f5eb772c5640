/** What each step after the first says while it is the present one. */
import type { ReactNode } from "react";
import { Link } from "wouter";

import type { Experiment, Plan } from "@/api/types";
import { targetsOf } from "@/lib/experiments";
import { sentence } from "@/lib/format";
import { incidentPath } from "@/lib/paths";
import { ACTION_WORD } from "@/lib/words";
import { label } from "@/lib/keys";
import { useMay, useSession } from "@/live/session";
import { Bar } from "@/ui/Bar";
import { Elapsed, Remaining, useClock } from "@/ui/clock";

import { ACTION, Lines } from "./Lines";
import { type Held, heldOf, type Progress } from "./progress";

interface BodyProps {
  readonly progress: Progress;
}

export function NoticeBody({ progress: { experiment } }: BodyProps) {
  const system = (experiment === null ? [] : targetsOf(experiment))[0] ?? "the system";
  return (
    <Lines>
      <p>
        Nobody told the operator. It measures <code>{system}</code> all the time, and opens an incident once a signal
        falls below its threshold.
      </p>
      {experiment?.injected_at != null && (
        <p>
          Broken for <Elapsed since={experiment.injected_at} className="tabular font-mono text-ink" />
        </p>
      )}
    </Lines>
  );
}

export function ReadBody({ progress: { incident, experiment } }: BodyProps) {
  if (incident === null) return null;
  if (incident.analysis === null) {
    return (
      <Lines>
        <p>{label(incident)} is on the board. It is being diagnosed from what is measured now.</p>
        <Escalation text={incident.escalated} />
        <Ends experiment={experiment} />
      </Lines>
    );
  }
  return (
    <Lines>
      <p>
        {label(incident)} is diagnosed. Open it, and see what is believed to be wrong and which measurements that stands
        on.
      </p>
      <Go href={incidentPath(incident)}>Read {label(incident)}</Go>
    </Lines>
  );
}

export function ApproveBody({ progress }: BodyProps) {
  const { incident, plan, experiment } = progress;
  if (incident === null) return null;
  const page = incidentPath(incident);
  if (progress.marks.approve === "failed") {
    return (
      <Lines>
        <p>{reasonAgainst(plan)} Ask for another plan in the incident, or heal it by hand.</p>
        <Go href={page}>Open {label(incident)}</Go>
        <Ends experiment={experiment} />
      </Lines>
    );
  }
  if (plan?.status !== "awaiting_approval") {
    return (
      <Lines>
        <p>{incident.escalated === null ? "A plan is being made and checked." : "There is no plan to approve."}</p>
        <Escalation text={incident.escalated} />
        <Ends experiment={experiment} />
      </Lines>
    );
  }
  return <Decide plan={plan} page={page} experiment={experiment} />;
}

interface DecideProps {
  readonly plan: Plan;
  readonly page: string;
  readonly experiment: Experiment | null;
}

function Decide({ plan, page, experiment }: DecideProps) {
  const session = useSession();
  const mayApprove = useMay("approve_plans");
  return (
    <Lines>
      <ul className="flex w-full flex-col gap-0.5">
        {plan.recommended_actions.map((action) => (
          <li key={action.id}>
            <span className="font-semibold text-ink">{ACTION_WORD[action.type]}</span> on <code>{action.system}</code>,
            risk {action.risk.toLowerCase()}
          </li>
        ))}
      </ul>
      {mayApprove ? (
        <>
          <p>
            Nothing is touched before a person agrees. Your approval is bound to exactly this plan by its hash, and
            stands in your name.
          </p>
          <Go href={`${page}?decide=${encodeURIComponent(plan.name)}`}>Read the plan and decide</Go>
        </>
      ) : (
        <>
          <p>
            Nothing is touched before a person agrees. You are signed in as <strong>{session.user}</strong>, who may
            not: somebody with the role <code>incidentsim-approver</code> has to decide. On a laptop,{" "}
            <code>incident-simulator link</code> makes a link for one who may.
          </p>
          <Go href={page}>Read the plan</Go>
        </>
      )}
      <Ends experiment={experiment} />
    </Lines>
  );
}

function reasonAgainst(plan: Plan | null): string {
  const decision = plan?.decision ?? null;
  if (decision !== null && decision.reason !== "") return `“${sentence(decision.reason)}”`;
  if (plan?.status === "failed" && plan.message !== "") return `The plan was refused: ${plan.message}.`;
  return "That plan will not run.";
}

export function HealBody({ progress }: BodyProps) {
  const { plan, incident, experiment } = progress;
  if (plan === null || incident === null) return null;
  if (progress.marks.heal === "failed") {
    return (
      <Lines>
        <p>The plan did not help. Another one follows if attempts are left; otherwise a person is called.</p>
        <Escalation text={incident.escalated} />
        <Ends experiment={experiment} />
      </Lines>
    );
  }
  if (plan.status === "verifying") return <Proof plan={plan} />;
  const next = plan.recommended_actions[plan.executed_actions.length];
  return (
    <Lines>
      {plan.status === "executing" && next !== undefined ? (
        <p>
          Step {plan.executed_actions.length + 1} of {plan.recommended_actions.length}: {ACTION_WORD[next.type]} on{" "}
          <code>{next.system}</code>
        </p>
      ) : (
        <p>
          {plan.status === "completed"
            ? "Recovery is proven; the incident is being resolved."
            : "The plan is about to run."}
        </p>
      )}
    </Lines>
  );
}

/** The hold window: what was broken must stay good before anybody calls it healed. */
function Proof({ plan }: { readonly plan: Plan }) {
  const held = heldOf(plan);
  return (
    <Lines>
      <p>The steps are done. Now what was broken must stay healthy, as must a test operation, before it counts.</p>
      {held !== null && <HoldBar held={held} />}
    </Lines>
  );
}

function HoldBar({ held }: { readonly held: Held }) {
  const seconds = useClock((now) =>
    held.since === null ? 0 : Math.min(held.seconds, Math.max(0, Math.floor((now - Date.parse(held.since)) / 1000))),
  );
  return (
    <div
      role="progressbar"
      aria-label="Held"
      aria-valuenow={seconds}
      aria-valuemin={0}
      aria-valuemax={held.seconds}
      aria-valuetext={`${seconds} of ${held.seconds} s`}
      className="flex w-full items-center gap-3"
    >
      <Bar share={seconds / held.seconds} tone="ok" />
      <span className="font-mono text-xs whitespace-nowrap text-ink">
        {seconds} of {held.seconds} s
      </span>
    </div>
  );
}

export function GradeBody({ progress: { experiment } }: BodyProps) {
  return (
    <Lines>
      <p>
        {sentence(experiment?.message ?? "")} The fault&apos;s leftovers are removed and counted; then the run is graded
        against what was really broken.
      </p>
    </Lines>
  );
}

function Escalation({ text }: { readonly text: string | null }) {
  return text === null ? null : <p className="text-warn">A person is needed: {text}</p>;
}

function Ends({ experiment }: { readonly experiment: Experiment | null }) {
  if (experiment?.expires_at == null) return null;
  return (
    <p className="text-xs text-faint">
      Without that, the fault is undone in <Remaining until={experiment.expires_at} className="tabular font-mono" />.
    </p>
  );
}

function Go({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <Link
      href={href}
      className={`${ACTION} inline-flex min-h-7 items-center rounded-md bg-accent px-2.5 text-xs font-semibold text-on-accent hover:bg-accent-hover`}
    >
      {children}
    </Link>
  );
}
