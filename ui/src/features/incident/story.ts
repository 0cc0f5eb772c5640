/** An incident's milestones on one time axis, and whose time each stretch between them was. */
import type { Timestamps } from "@/api/types";

type MilestoneName =
  | "injected"
  | "breached"
  | "detected"
  | "acknowledged"
  | "diagnosed"
  | "proposed"
  | "approved"
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

/** `person`: the plan was waiting for its approval. */
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
  readonly timestamps: Timestamps;
  /** When the fault began to act, by the experiment; null where that is not known to whoever looks. */
  readonly injectedAt: string | null;
  /** A plan is waiting for its approval now. */
  readonly isWaiting: boolean;
  /** It is not resolved. */
  readonly isGoingOn: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Null where no time is known at all. Unknown times are left out; those out of order stand where they happened. */
export function tellStory(input: StoryInput): Story | null {
  const moments = toMoments(input);
  const first = moments[0];
  const last = moments.at(-1);
  if (first === undefined || last === undefined) return null;
  const wait = toWait(input);
  const ends = moments.slice(1).map((moment) => moment.at);
  if (input.isGoingOn) ends.push(Math.max(input.now, last.at));
  const stretches = ends.map((end, index): Stretch => {
    const begin = moments[index]?.at ?? end;
    const seconds = (end - begin) / 1000;
    const isPerson = wait !== null && begin >= wait.from && end <= wait.to && seconds > 0;
    const isOpen = index === moments.length - 1;
    return { seconds, whose: isPerson ? "person" : "machine", weight: toWeight(seconds), isOpen };
  });
  return { moments, stretches, machineSeconds: sum(stretches, "machine"), personSeconds: sum(stretches, "person") };
}

function toMoments({ timestamps, injectedAt }: StoryInput): readonly Moment[] {
  const times: Record<MilestoneName, string | null> = {
    injected: injectedAt,
    breached: timestamps.breached_at,
    detected: timestamps.detected_at,
    acknowledged: timestamps.acknowledged_at,
    diagnosed: timestamps.diagnosed_at,
    proposed: timestamps.plan_proposed_at,
    approved: timestamps.approved_at,
    executed: timestamps.execution_started_at,
    mitigated: timestamps.mitigated_at,
    resolved: timestamps.resolved_at,
  };
  const byTime = new Map<number, MilestoneName[]>();
  for (const name of ORDER) {
    const at = parse(times[name]);
    if (at !== null) byTime.set(at, [...(byTime.get(at) ?? []), name]);
  }
  const sorted = [...byTime].sort(([a], [b]) => a - b);
  const start = sorted[0]?.[0] ?? 0;
  return sorted.map(([at, names]) => ({ names, at, offset: (at - start) / 1000 }));
}

/** From the plan to its approval; until now where that is still awaited. */
function toWait({ timestamps, isWaiting, now }: StoryInput): { from: number; to: number } | null {
  const from = parse(timestamps.plan_proposed_at);
  if (from === null) return null;
  const approved = parse(timestamps.approved_at);
  if (approved !== null) return { from, to: approved };
  return isWaiting ? { from, to: Math.max(now, from) } : null;
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
