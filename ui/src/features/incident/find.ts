/** From what stands in the address to the things of the live state. */
import type { Incident, Plan } from "@/api/types";
import { newestFirst } from "@/lib/order";
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
  return found.sort((a, b) => b.attempt - a.attempt || newestFirst(a, b));
}
