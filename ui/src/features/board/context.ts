/** What cards show besides their incident, looked up once for all of them. */
import type { Plan, Presence, Visitor } from "@/api/types";

/** The latest plan of each incident, by the incident's name. */
export function latestPlans(plans: Iterable<Plan>): ReadonlyMap<string, Plan> {
  const latest = new Map<string, Plan>();
  for (const plan of plans) {
    const known = latest.get(plan.incident_name);
    if (known === undefined || known.attempt < plan.attempt) latest.set(plan.incident_name, plan);
  }
  return latest;
}

/** Who looks at each incident, by its id, without oneself. */
export function findViewers(presence: Presence, me: string | null): ReadonlyMap<string, readonly Visitor[]> {
  const viewers = new Map<string, Visitor[]>();
  for (const visitor of presence.users) {
    if (visitor.viewing === null || visitor.id === me) continue;
    const others = viewers.get(visitor.viewing.id);
    if (others === undefined) viewers.set(visitor.viewing.id, [visitor]);
    else others.push(visitor);
  }
  return viewers;
}
