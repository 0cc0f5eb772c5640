/** What belongs together: an incident, the experiment whose damage opened it, and when the harm began. */
import type { Experiment, Incident } from "@/api/types";

type Named = Pick<Incident, "namespace" | "name">;

/** The experiments of each incident, by namespace and name. */
export type ExperimentIndex = ReadonlyMap<string, readonly Experiment[]>;

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

/** Experiments name the incidents that they opened; this is the way back. */
export function indexExperiments(experiments: Iterable<Experiment>): ExperimentIndex {
  const index = new Map<string, Experiment[]>();
  for (const experiment of experiments) {
    for (const name of experiment.incidents) {
      const key = keyOf({ namespace: experiment.namespace, name });
      const known = index.get(key);
      if (known === undefined) index.set(key, [experiment]);
      else known.push(experiment);
    }
  }
  return index;
}

/**
 * The experiment behind an incident as it stands now, or null. One that was reopened has several, and its times are
 * those of the last breach: the latest experiment that had begun when it was noticed, and was not gone before the breach.
 */
export function experimentOf(incident: Incident, index: ExperimentIndex): Experiment | null {
  const { breached_at: breached, detected_at: detected } = incident.timestamps;
  let latest: Experiment | null = null;
  for (const experiment of index.get(keyOf(incident)) ?? []) {
    if (isAfter(experiment.started_at, detected) || isAfter(breached ?? detected, experiment.recovered_at)) continue;
    if (latest === null || isAfter(experiment.started_at, latest.started_at)) latest = experiment;
  }
  return latest;
}

/**
 * When the harm began: when the fault took effect, or at the first bad measurement where that came while the fault
 * was still growing, or where nobody knows of a fault.
 */
export function harmBegan(incident: Incident, experiment: Experiment | null): string | null {
  const { breached_at: breached } = incident.timestamps;
  const injected = experiment?.injected_at ?? null;
  if (injected === null || breached === null) return injected ?? breached;
  return Date.parse(breached) < Date.parse(injected) ? breached : injected;
}

function isAfter(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && Date.parse(one) > Date.parse(other);
}
