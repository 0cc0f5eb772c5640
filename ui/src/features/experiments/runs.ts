/** Experiments as their page lists them: in order, filtered, and with what each came to. */
import type { Experiment, ExperimentStatus, FaultType, HealedBy, SignalName } from "@/api/types";
import { targetsOf } from "@/lib/experiments";
import { secondsBetween } from "@/lib/format";
import { keyOf } from "@/lib/keys";
import { newestFirst } from "@/lib/order";
import { EXPERIMENT_WORD, FAULT_WORD } from "@/lib/words";

export interface Filter {
  readonly status: ExperimentStatus | null;
  readonly fault: FaultType | null;
}

/** The filter that an address asks for. A word that is none of ours asks for nothing. */
export function readFilter(params: URLSearchParams): Filter {
  return { status: oneOf(EXPERIMENT_WORD, params.get("status")), fault: oneOf(FAULT_WORD, params.get("fault")) };
}

function oneOf<T extends string>(words: Readonly<Record<T, string>>, asked: string | null): T | null {
  return (Object.keys(words) as T[]).find((word) => word === asked) ?? null; // the keys are what the type says
}

/** Those that the filter lets through, newest first. */
export function listRuns(experiments: Iterable<Experiment>, filter: Filter): readonly Experiment[] {
  return [...experiments]
    .filter(({ status }) => filter.status === null || status === filter.status)
    .filter(({ fault }) => filter.fault === null || fault.type === filter.fault)
    .sort(newestFirst);
}

/** The systems that were chosen, or what was asked for while none are. */
export function systemsOf(experiment: Experiment): string {
  const { target } = experiment;
  const targets = targetsOf(experiment);
  if (targets.length > 0) return targets.join(", ");
  const labels = Object.entries(target.selector?.match_labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return labels.length === 0 ? "" : `${target.mode} with ${labels.join(", ")}`;
}

/** Seconds from the fault's effect to the proof of its removal; null while one of them is missing. */
export function tookSeconds(experiment: Experiment): number | null {
  return secondsBetween(experiment.injected_at, experiment.recovered_at);
}

/** What ended the harm; null while nothing has. Not every abort is a stop that somebody asked for. */
export function healedWord({ healed_by: healedBy, reason }: Pick<Experiment, "healed_by" | "reason">): string | null {
  if (healedBy === null) return null;
  return (healedBy === "abort" ? ABORT_WORD.get(reason) : undefined) ?? HEALED_WORD[healedBy];
}

const HEALED_WORD: Record<HealedBy, string> = {
  plan: "a plan",
  expiry: "its time limit",
  abort: "a stop",
  self: "itself",
};

const ABORT_WORD: ReadonlyMap<string, string> = new Map([
  ["OperatorRestarted", "an operator restart"],
  ["KillSwitch", "the kill switch"],
]);

/** A signal before the fault and under it. */
export interface Effect {
  readonly system: string;
  readonly signal: SignalName;
  readonly before: number | null;
  /** Null where it was not measured, undefined where the fault did not move it. */
  readonly under: number | null | undefined;
}

/** Each signal of the baseline, and those that were only seen under the fault. */
export function effectsOf({ baseline, observed_effect: observed }: Experiment): readonly Effect[] {
  const found = new Map<string, Effect>();
  for (const { system, signal, health } of baseline) {
    found.set(`${system} ${signal}`, { system, signal, before: health, under: undefined });
  }
  for (const { system, signal, health } of observed) {
    const before = found.get(`${system} ${signal}`)?.before ?? null;
    found.set(`${system} ${signal}`, { system, signal, before, under: health });
  }
  const moved = (effect: Effect): number => (effect.under === undefined ? 1 : 0);
  return [...found.values()].sort((a, b) => moved(a) - moved(b));
}

/** Incidents by namespace and name, for their numbers. */
export function numbersOf(
  incidents: Iterable<{ readonly namespace: string; readonly name: string; readonly number: string }>,
): ReadonlyMap<string, string> {
  return new Map([...incidents].map((incident) => [keyOf(incident), incident.number]));
}
