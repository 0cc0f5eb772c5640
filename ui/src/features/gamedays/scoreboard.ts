/** A suite's scoreboard: what became of each run, and how often it went well. */
import type { DrillReport, FaultType, GameDay } from "@/api/types";
import { formatShare } from "@/lib/format";
import { newestFirst } from "@/lib/order";
import { type Summary, summariseKnown } from "@/lib/statistics";

type Score = GameDay["scores"][number];

/** `aborted`: it was never graded, and the suite is over. `waiting`: it has not begun. */
export type Outcome = "passed" | "failed" | "running" | "aborted" | "waiting";

export interface Run {
  readonly run: number;
  readonly outcome: Outcome;
  /** The experiment; empty before it began. */
  readonly experiment: string;
  readonly report: DrillReport | null;
}

/** So many of so many. No rate is told of none. */
interface Rate {
  readonly right: number;
  readonly n: number;
}

export interface DrillRow {
  readonly name: string;
  readonly fault: FaultType;
  readonly runs: readonly Run[];
  /** Of the runs that were graded. */
  readonly passed: Rate;
}

/** A row a drill, with every run that is asked for and every run that there was. */
export function rowsOf(day: Pick<GameDay, "drills" | "scores" | "status">): readonly DrillRow[] {
  const isOver = day.status === "finished" || day.status === "aborted";
  return day.drills.map(({ name, fault, repeats }) => {
    const scores = day.scores.filter(({ drill }) => drill === name);
    const most = Math.max(repeats, ...scores.map(({ run }) => run));
    const runs = Array.from({ length: most }, (_, index) => toRun(index + 1, scores, isOver));
    const graded = runs.flatMap(({ report }) => (report === null ? [] : [report]));
    return { name, fault: fault.type, runs, passed: rate(graded, ({ grade }) => grade.passed) };
  });
}

function toRun(run: number, scores: readonly Score[], isOver: boolean): Run {
  const score = scores.find((each) => each.run === run);
  if (score === undefined) return { run, outcome: isOver ? "aborted" : "waiting", experiment: "", report: null };
  const { report, experiment } = score;
  if (report === null) return { run, outcome: isOver ? "aborted" : "running", experiment, report };
  return { run, outcome: report.grade.passed ? "passed" : "failed", experiment, report };
}

function rate<T>(things: readonly T[], isRight: (thing: T) => boolean): Rate {
  return { right: things.filter(isRight).length, n: things.length };
}

/** "83 %", or null where there is nothing to tell it of. */
export function percent({ right, n }: Rate): string | null {
  return n === 0 ? null : formatShare(right, n);
}

export interface Diagnoser {
  readonly provider: string;
  readonly causeRight: Rate;
  readonly diagnose: Summary;
  /** All but the person's time and the hold window. */
  readonly machine: Summary;
  readonly total: Summary;
}

/** Who diagnosed, and how well. Runs that nobody diagnosed are told as nobody's. */
export function diagnosersOf(scores: readonly Score[]): readonly Diagnoser[] {
  const byProvider = new Map<string, DrillReport[]>();
  for (const { report } of scores) {
    if (report === null) continue;
    const { provider } = report.diagnosis;
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), report]);
  }
  return [...byProvider]
    .map(([provider, reports]) => ({
      provider,
      causeRight: rate(reports, ({ grade }) => grade.cause_correct),
      diagnose: summariseKnown(reports.map(({ durations }) => durations.diagnose)),
      machine: summariseKnown(reports.map(({ durations }) => durations.machine)),
      total: summariseKnown(reports.map(({ durations }) => durations.total)),
    }))
    .sort((a, b) => b.causeRight.n - a.causeRight.n || a.provider.localeCompare(b.provider));
}

/** Newest first. */
export function inOrder(days: readonly GameDay[]): readonly GameDay[] {
  return [...days].sort(newestFirst);
}
