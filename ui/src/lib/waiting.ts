/** When an incident waited for a person: for the decision on a plan, or, once none could help, for somebody to come. */
import type { Incident, Plan } from "@/api/types";

type Waiter = Pick<Incident, "timestamps" | "status" | "escalated" | "remediation_mode" | "actionable">;

/** From one instant to a later one, in milliseconds since 1970. */
interface Wait {
  readonly from: number;
  readonly to: number;
}

/** A plan's wait for a decision. */
interface Offer {
  readonly plan: Plan;
  readonly from: number;
  /** Null while it waits. */
  readonly to: number | null;
  readonly outcome: "approved" | "rejected" | "expired" | "superseded" | "waiting";
}

/** The plan's times are of whole seconds, the incident's are not: within this they are of the same proposal. */
const SAME_MS = 2_000;

/** The plans of this round that waited for a decision, in the order in which they did. One that was reopened begins anew. */
export function offersOf(incident: Waiter, plans: readonly Plan[]): readonly Offer[] {
  const begin = parse(incident.timestamps.detected_at) ?? -Infinity;
  const stamped = parse(incident.timestamps.plan_proposed_at);
  // A plan that waits when the incident is resolved is superseded a moment later.
  const resolved = parse(incident.timestamps.resolved_at) ?? Infinity;
  return plans
    .flatMap((plan): readonly Offer[] => {
      const created = parse(plan.created_at);
      if (created === null) return [];
      const isStamped = stamped !== null && stamped >= created && stamped < created + SAME_MS;
      const from = isStamped ? stamped : created;
      const end = endOf(plan);
      return end === null || from + SAME_MS < begin
        ? []
        : [{ plan, from, ...end, to: end.to === null ? null : Math.min(end.to, resolved) }];
    })
    .sort((a, b) => a.from - b.from);
}

/** Null for a plan that never was to be decided on: not checked yet, or refused by the operator. */
function endOf(plan: Plan): Pick<Offer, "to" | "outcome"> | null {
  const { decision, status } = plan;
  if (decision !== null) return { to: parse(decision.at), outcome: decision.approved ? "approved" : "rejected" };
  const updated = parse(plan.updated_at);
  switch (status) {
    case "awaiting_approval":
      return { to: null, outcome: "waiting" };
    case "expired":
      // Whoever edits it later changes when it was updated, but not when it expired.
      return { to: parse(plan.expires_at) ?? updated, outcome: "expired" };
    case "superseded":
      return { to: updated, outcome: "superseded" };
    default:
      return null;
  }
}

/** In order and without overlap, up to the resolution, or to `now` where there is none yet. */
export function waitsOf(incident: Waiter, plans: readonly Plan[], now: number): readonly Wait[] {
  const begin = parse(incident.timestamps.detected_at) ?? -Infinity;
  const end = (incident.status === "resolved" ? parse(incident.timestamps.resolved_at) : null) ?? now;
  const offers = offersOf(incident, plans);
  const waits = [
    ...(offers.length === 0 ? stampedWait(incident) : offers.map(({ from, to }) => ({ from, to: to ?? end }))),
    ...callsOf(incident, plans, offers, end),
  ];
  return join(waits.map(({ from, to }) => ({ from: Math.max(from, begin), to: Math.min(to, end) })));
}

/** What the incident itself remembers of a plan that is not known any more. */
function stampedWait({ timestamps }: Waiter): readonly Wait[] {
  const from = parse(timestamps.plan_proposed_at);
  const to = parse(timestamps.approved_at);
  return from === null || to === null ? [] : [{ from, to }];
}

/**
 * While a person was called. The incident tells only that one is, or was at its end: but after a rejection and after
 * an expiry the operator always calls one, and does nothing until somebody asks for the next plan.
 */
function callsOf(incident: Waiter, plans: readonly Plan[], offers: readonly Offer[], end: number): readonly Wait[] {
  const isOperators = incident.remediation_mode === "automated" && incident.actionable;
  const between = offers.flatMap(({ outcome, to }, index): readonly Wait[] => {
    const next = offers[index + 1];
    const isCalled = isOperators && (outcome === "rejected" || outcome === "expired");
    return isCalled && to !== null && next !== undefined ? [{ from: to, to: next.from }] : [];
  });
  const last = incident.escalated === null ? null : callBegan(incident, plans, offers);
  return last === null ? between : [...between, { from: last, to: end }];
}

/** When the call that stands began: at the end of the last plan, or with the diagnosis where there was none. */
function callBegan(incident: Waiter, plans: readonly Plan[], offers: readonly Offer[]): number | null {
  const last = offers.at(-1);
  const diagnosed = parse(incident.timestamps.diagnosed_at);
  const begin = parse(incident.timestamps.detected_at) ?? -Infinity;
  if (last === undefined) {
    // A plan that the operator refused was never to be decided on, but it was tried before the call.
    const ends = plans.map(({ updated_at: at }) => parse(at)).filter((at) => at !== null);
    const known = [...ends, diagnosed].filter((at) => at !== null && at >= begin);
    return known.length === 0 ? null : Math.max(...known.map(Number));
  }
  switch (last.outcome) {
    case "rejected":
    case "expired":
    case "superseded":
      return last.to;
    case "approved":
      return OVER.has(last.plan.status) ? parse(last.plan.updated_at) : null;
    case "waiting":
      return null;
  }
}

/** An approved plan after which a person may be called. */
const OVER: ReadonlySet<Plan["status"]> = new Set(["failed", "rolled_back"]);

/** The same time, each second once. */
function join(waits: readonly Wait[]): readonly Wait[] {
  const joined: Wait[] = [];
  for (const wait of [...waits].sort((a, b) => a.from - b.from)) {
    if (wait.to <= wait.from) continue;
    const last = joined.at(-1);
    if (last !== undefined && wait.from <= last.to)
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, wait.to) };
    else joined.push(wait);
  }
  return joined;
}

export function secondsOf(waits: readonly Wait[]): number {
  return waits.reduce((total, { from, to }) => total + (to - from), 0) / 1000;
}

function parse(iso: string | null): number | null {
  const at = iso === null ? NaN : Date.parse(iso);
  return Number.isNaN(at) ? null : at;
}
