/** What belongs together: an incident, the experiment whose damage opened it, and when the harm began. */
import type { Experiment, Incident } from "@/api/types";

import { keyOf } from "./keys";

/** The experiments of each incident, by namespace and name. */
export type ExperimentIndex = ReadonlyMap<string, readonly Experiment[]>;

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
 * The experiment whose damage opened the incident, or null; only who may read experiments knows any. One that came back
 * has several, and its times are those of the last breach: so it is the latest that had begun when it was noticed.
 */
export function experimentOf(incident: Incident, index: ExperimentIndex): Experiment | null {
  let latest: Experiment | null = null;
  for (const experiment of index.get(keyOf(incident)) ?? []) {
    if (isAfter(experiment.started_at, incident.timestamps.detected_at)) continue;
    if (latest === null || isAfter(experiment.started_at, latest.started_at)) latest = experiment;
  }
  return latest;
}

/**
 * When the fault was injected. It may be noticed while it still grows: then it is when the injection began, as it had
 * been injected in part by then. Null where the fault was gone before the breach: the incident was opened again, and its
 * times are those of the second time.
 */
export function injectionOf(incident: Incident, experiment: Experiment | null): string | null {
  if (experiment === null || isGone(incident, experiment)) return null;
  const { injected_at: injected, started_at: began } = experiment;
  return isAfter(injected, incident.timestamps.breached_at) ? began : injected;
}

/**
 * When the harm began: when the fault took effect, or at the first bad measurement where that came while the fault
 * was still growing, or where nobody knows of a fault.
 */
export function harmBegan(incident: Incident, experiment: Experiment | null): string | null {
  const { breached_at: breached } = incident.timestamps;
  const injected = experiment === null || isGone(incident, experiment) ? null : experiment.injected_at;
  return injected === null || isAfter(injected, breached) ? breached : injected;
}

/** Whether the fault was removed before the breach that the incident's times are of. */
function isGone({ timestamps }: Incident, { recovered_at: recovered }: Experiment): boolean {
  return isAfter(timestamps.breached_at ?? timestamps.detected_at, recovered);
}

function isAfter(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && Date.parse(one) > Date.parse(other);
}
