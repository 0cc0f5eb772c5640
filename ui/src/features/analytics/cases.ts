/** Incidents with what is measured of them, and drills with their grades. */
import type { DrillReport, Experiment, Incident, Plan } from "@/api/types";
import { targetsOf } from "@/lib/experiments";
import { secondsBetween } from "@/lib/format";
import { keyOf } from "@/lib/keys";
import { type ExperimentIndex, experimentOf, harmBegan, indexExperiments } from "@/lib/milestones";
import { secondsOf, waitsOf } from "@/lib/waiting";
import type { Things } from "@/live/state";

import { beginOf, type Filters, isWanted } from "./filters";

/** Why an incident has no time to resolve. */
export type LeftOut = "open" | "merged" | "false-alarm";

export interface Case {
  readonly incident: Incident;
  /** Whose damage it is; null where nobody broke anything on purpose. */
  readonly experiment: Experiment | null;
  /** From the harm to the incident; null where it is not known when the harm began. */
  readonly detect: number | null;
  /** Whether that is counted from the injection, and not from the first bad measurement. */
  readonly isFromInjection: boolean;
  readonly acknowledge: number | null;
  /** From the incident to its resolution; null where it is left out. */
  readonly resolve: number | null;
  readonly leftOut: LeftOut | null;
  /** The part of `resolve` in which a person was awaited: to decide on a plan, or to come. */
  readonly human: number | null;
  readonly machine: number | null;
  /** How the drill was graded by this incident. */
  readonly report: DrillReport | null;
}

/** A drill that was graded. */
export interface Run {
  readonly experiment: Experiment;
  readonly report: DrillReport;
  /** The incident that was graded; null where nothing was noticed. */
  readonly incident: Incident | null;
}

interface Cases {
  readonly cases: readonly Case[];
  readonly runs: readonly Run[];
}

/** What the filters let through. `now` in milliseconds since 1970. */
export function collectCases(things: Things, filters: Filters, now: number): Cases {
  const index = indexExperiments(things.experiments.values());
  const plans = indexPlans(things.plans.values());
  const cases: Case[] = [];
  for (const incident of things.incidents.values()) {
    if (!isWanted(incident, filters, now)) continue;
    const measured = measure(incident, index, plans.get(keyOf(incident)) ?? [], now);
    if (filters.drills === "only" && measured.experiment === null) continue;
    if (filters.drills === "none" && measured.experiment !== null) continue;
    cases.push(measured);
  }
  return { cases, runs: collectRuns(things, cases, filters, now) };
}

/** The plans of each incident, by its namespace and name. */
function indexPlans(plans: Iterable<Plan>): ReadonlyMap<string, readonly Plan[]> {
  const index = new Map<string, Plan[]>();
  for (const plan of plans) {
    const key = keyOf({ namespace: plan.namespace, name: plan.incident_name });
    const known = index.get(key);
    if (known === undefined) index.set(key, [plan]);
    else known.push(plan);
  }
  return index;
}

function measure(incident: Incident, index: ExperimentIndex, plans: readonly Plan[], now: number): Case {
  const experiment = experimentOf(incident, index);
  const { timestamps: at } = incident;
  const began = harmBegan(incident, experiment);
  const leftOut = leftOutOf(incident);
  const resolve = leftOut === null ? positive(secondsBetween(at.detected_at, at.resolved_at)) : null;
  const human = resolve === null ? null : Math.min(secondsOf(waitsOf(incident, plans, now)), resolve);
  return {
    incident,
    experiment,
    detect: positive(secondsBetween(began, at.detected_at)),
    isFromInjection: began !== null && began === experiment?.injected_at,
    acknowledge: positive(secondsBetween(at.detected_at, at.acknowledged_at)),
    resolve,
    leftOut,
    human,
    machine: resolve === null || human === null ? null : resolve - human,
    report: experiment?.grade?.incident.name === incident.name ? experiment.grade : null,
  };
}

function leftOutOf(incident: Incident): LeftOut | null {
  if (incident.resolved_reason === "MergedInto" || incident.merged_into !== "") return "merged";
  if (incident.resolved_reason === "FalseAlarm") return "false-alarm";
  return incident.status === "resolved" && incident.timestamps.resolved_at !== null ? null : "open";
}

/** Clocks may step back, which takes no time. */
function positive(seconds: number | null): number | null {
  return seconds === null ? null : Math.max(0, seconds);
}

/**
 * The drills behind the cases, and those that nobody noticed: these have no severity and no team, so that they are left
 * out where one is asked for.
 */
function collectRuns(things: Things, cases: readonly Case[], filters: Filters, now: number): readonly Run[] {
  const runs = new Map<string, Run>();
  for (const { incident, experiment, report } of cases) {
    if (experiment !== null && report !== null) runs.set(experiment.id, { experiment, report, incident });
  }
  const wantsUnnoticed =
    filters.drills !== "none" && filters.severity === null && filters.team === null && filters.type !== "training";
  if (!wantsUnnoticed || filters.type === "synthetic") return [...runs.values()];
  for (const experiment of things.experiments.values()) {
    const { grade, started_at: started } = experiment;
    if (grade?.incident.name !== "" || started === null) continue;
    if (Date.parse(started) < beginOf(filters.range, now)) continue;
    if (filters.system !== null && !targetsOf(experiment).includes(filters.system)) continue;
    runs.set(experiment.id, { experiment, report: grade, incident: null });
  }
  return [...runs.values()];
}
