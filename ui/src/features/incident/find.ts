/** From what stands in the address to the things of the live state. */
import type { Experiment, Incident, Plan } from "@/api/types";
import type { LiveState } from "@/live/state";

/**
 * Finds the incident of that number, name or uid in each state. It remembers what it found, so that only the first
 * state is searched as long as the incident is there.
 */
export function incidentFinder(id: string): (state: LiveState) => Incident | undefined {
  const wanted = id.toLowerCase();
  let known = id;
  return ({ incidents }) => {
    const same = incidents.get(known);
    if (same !== undefined) return same;
    for (const incident of incidents.values()) {
      if (incident.number.toLowerCase() !== wanted && incident.name !== id) continue;
      known = incident.id;
      return incident;
    }
    return undefined;
  };
}

/** Its plans, newest first. */
export function plansOf(incident: Incident, plans: Iterable<Plan>): readonly Plan[] {
  const found: Plan[] = [];
  for (const plan of plans) {
    const isByName = plan.incident_id === "" && plan.incident_name === incident.name;
    if (plan.namespace === incident.namespace && (plan.incident_id === incident.id || isByName)) found.push(plan);
  }
  return found.sort((a, b) => b.attempt - a.attempt || (b.created_at ?? "").localeCompare(a.created_at ?? ""));
}

/**
 * The experiment whose damage opened it; only who may read experiments knows any. An incident that came back has
 * several, and its times are those of the last breach: so it is the latest that had begun when it was noticed.
 */
export function experimentOf(incident: Incident, experiments: Iterable<Experiment>): Experiment | null {
  const noticed = incident.timestamps.detected_at;
  let latest: Experiment | null = null;
  for (const experiment of experiments) {
    if (experiment.namespace !== incident.namespace || !experiment.incidents.includes(incident.name)) continue;
    if (isAfter(experiment.started_at, noticed)) continue;
    if (latest === null || isAfter(experiment.started_at, latest.started_at)) latest = experiment;
  }
  return latest;
}

/**
 * When the fault was injected. It may be noticed while it still grows: then it is when the injection began, as it
 * had been injected in part by then. Null where the fault was gone before the breach: somebody opened the incident
 * again, and its times are those of the second time.
 */
export function injectionOf(incident: Incident, experiment: Experiment | null): string | null {
  if (experiment === null) return null;
  const { injected_at: injected, started_at: began, recovered_at: recovered } = experiment;
  const { breached_at: breached } = incident.timestamps;
  if (isAfter(breached, recovered)) return null;
  return isAfter(injected, breached) ? began : injected;
}

function isAfter(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && Date.parse(one) > Date.parse(other);
}
