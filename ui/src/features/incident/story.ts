/** An incident's milestones on one time axis, and whose time each stretch between them was. */
import type { Incident, Plan } from "@/api/types";
import { offersOf, waitsOf } from "@/lib/waiting";

type MilestoneName =
  | "injected"
  | "breached"
  | "detected"
  | "acknowledged"
  | "diagnosed"
  | "proposed"
  | "approved"
  | "rejected"
  | "expired"
  | "superseded"
  | "called"
  | "executed"
  | "mitigated"
  | "resolved";

export const MILESTONE_WORD: Record<MilestoneName, string> = {
  injected: "Injected",
  breached: "Breached",
  detected: "Detected",
  acknowledged: "Acknowledged",
  diagnosed: "Diagnosed",
  proposed: "Plan proposed",
  approved: "Approved",
  rejected: "Rejected",
  expired: "Plan expired",
  superseded: "Plan superseded",
  called: "A person was called",
  executed: "Execution began",
  mitigated: "Recovered",
  resolved: "Resolved",
};

/** The order in which they come where they come at the same instant. */
const ORDER: readonly MilestoneName[] = [
  "injected",
  "breached",
  "detected",
  "diagnosed",
  "proposed",
  "acknowledged",
  "approved",
  "rejected",
  "expired",
  "superseded",
  "called",
  "executed",
  "mitigated",
  "resolved",
];

export interface Moment {
  /** What happened at that instant: most often one thing. */
  readonly names: readonly MilestoneName[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Seconds since the first moment. */
  readonly offset: number;
}

/** `person`: a plan waited for a decision, or a person had been called. */
export type Whose = "machine" | "person";

export interface Stretch {
  readonly seconds: number;
  readonly whose: Whose;
  /** Relative length on the axis: grows with the time, but slowly, so that 3 s beside 2 h can still be seen. */
  readonly weight: number;
  /** It goes on: nothing came after it yet. */
  readonly isOpen: boolean;
}

export interface Story {
  readonly moments: readonly Moment[];
  /** What follows each moment; one fewer than the moments, or as many while it goes on. */
  readonly stretches: readonly Stretch[];
  readonly machineSeconds: number;
  readonly personSeconds: number;
}

export interface StoryInput {
  readonly incident: Incident;
  /** All of its plans. */
  readonly plans: readonly Plan[];
  /** When the fault began to act, by the experiment; null where that is not known to whoever looks. */
  readonly injectedAt: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Null where no time is known at all. Unknown times are left out; those out of order stand where they happened. */
export function tellStory(input: StoryInput): Story | null {
  const times = toTimes(input);
  if (times.size === 0) return null;
  const isGoingOn = input.incident.status !== "resolved";
  const now = Math.max(input.now, ...times.keys());
  const waits = waitsOf(input.incident, input.plans, now);
  for (const { from } of waits) if (!times.has(from)) times.set(from, new Set(["called"]));
  const moments = toMoments(times);
  const ends = moments.slice(1).map((moment) => moment.at);
  if (isGoingOn) ends.push(now);
  const stretches = ends.map((end, index): Stretch => {
    const begin = moments[index]?.at ?? end;
    const seconds = (end - begin) / 1000;
    // A wait begins and ends at moments, so that it covers a stretch or does not touch it.
    const isPerson = seconds > 0 && waits.some(({ from, to }) => begin >= from && end <= to);
    const isOpen = index === moments.length - 1;
    return { seconds, whose: isPerson ? "person" : "machine", weight: toWeight(seconds), isOpen };
  });
  return { moments, stretches, machineSeconds: sum(stretches, "machine"), personSeconds: sum(stretches, "person") };
}

function toTimes({ incident, plans, injectedAt }: StoryInput): Map<number, Set<MilestoneName>> {
  const { timestamps } = incident;
  const times: (readonly [MilestoneName, number | null])[] = [
    ["injected", parse(injectedAt)],
    ["breached", parse(timestamps.breached_at)],
    ["detected", parse(timestamps.detected_at)],
    ["acknowledged", parse(timestamps.acknowledged_at)],
    ["diagnosed", parse(timestamps.diagnosed_at)],
    ["proposed", parse(timestamps.plan_proposed_at)],
    ["approved", parse(timestamps.approved_at)],
    ["executed", parse(timestamps.execution_started_at)],
    ["mitigated", parse(timestamps.mitigated_at)],
    ["resolved", parse(timestamps.resolved_at)],
    ...offersOf(incident, plans).flatMap(({ from, to, outcome }): (readonly [MilestoneName, number | null])[] => [
      ["proposed", from],
      ...(outcome === "waiting" ? [] : [[outcome, to] as const]),
    ]),
  ];
  const byTime = new Map<number, Set<MilestoneName>>();
  for (const [name, at] of times) {
    if (at !== null) byTime.set(at, (byTime.get(at) ?? new Set()).add(name));
  }
  return byTime;
}

function toMoments(times: ReadonlyMap<number, ReadonlySet<MilestoneName>>): readonly Moment[] {
  const sorted = [...times].sort(([a], [b]) => a - b);
  const start = sorted[0]?.[0] ?? 0;
  return sorted.map(([at, names]) => ({
    names: ORDER.filter((name) => names.has(name)),
    at,
    offset: (at - start) / 1000,
  }));
}

function parse(iso: string | null): number | null {
  const at = iso === null ? NaN : Date.parse(iso);
  return Number.isNaN(at) ? null : at;
}

function toWeight(seconds: number): number {
  return 1 + Math.log2(1 + Math.max(0, seconds));
}

function sum(stretches: readonly Stretch[], whose: Whose): number {
  return stretches.reduce((total, stretch) => (stretch.whose === whose ? total + stretch.seconds : total), 0);
}
