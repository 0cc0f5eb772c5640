/** Incidents like this one that are over, and what fixed them. */
import type { ActionType, Incident, Plan } from "@/api/types";
import { secondsBetween } from "@/lib/format";
import { newestFirst } from "@/lib/order";

export interface Similar {
  readonly incident: Incident;
  /** The actions of the plan that succeeded; empty where it was not a plan. */
  readonly actions: readonly ActionType[];
  /** Seconds from the breach to the resolution; null where one of them is not known. */
  readonly seconds: number | null;
}

const SHOWN = 5;

/** Resolved incidents of the same system with the same root cause, newest first. Practice is not like the real thing. */
export function findSimilar(
  incident: Incident,
  incidents: Iterable<Incident>,
  plans: Iterable<Plan>,
): readonly Similar[] {
  const cause = incident.analysis?.root_cause;
  if (cause === undefined || cause.system === "" || cause.fault_type === null) return [];
  const found: Incident[] = [];
  for (const other of incidents) {
    const theirs = other.analysis?.root_cause;
    const isLike = theirs?.system === cause.system && theirs.fault_type === cause.fault_type;
    const isComparable = other.namespace === incident.namespace && other.incident_type === incident.incident_type;
    if (isLike && isComparable && other.status === "resolved" && other.id !== incident.id) found.push(other);
  }
  found.sort((a, b) => timeOf(b) - timeOf(a));
  const shown = found.slice(0, SHOWN);
  const fixes = toFixes(shown, plans);
  return shown.map((other) => ({
    incident: other,
    actions: fixes.get(other.id) ?? [],
    seconds: secondsBetween(other.timestamps.breached_at ?? other.timestamps.detected_at, other.timestamps.resolved_at),
  }));
}

function toFixes(incidents: readonly Incident[], plans: Iterable<Plan>): ReadonlyMap<string, readonly ActionType[]> {
  const ids = new Set(incidents.map(({ id }) => id));
  const fixes = new Map<string, readonly ActionType[]>();
  for (const plan of plans) {
    if (plan.status !== "completed" || !ids.has(plan.incident_id)) continue;
    fixes.set(
      plan.incident_id,
      plan.recommended_actions.map(({ type }) => type),
    );
  }
  return fixes;
}

function timeOf(incident: Incident): number {
  const at = Date.parse(incident.timestamps.resolved_at ?? "");
  return Number.isNaN(at) ? 0 : at;
}

/** Open incidents that this one can be merged into, those of the same systems first. */
export function findMergeTargets(
  incident: Incident,
  incidents: Iterable<Incident>,
  wanted: string,
): readonly Incident[] {
  const words = wanted.trim().toLowerCase();
  const found: Incident[] = [];
  for (const other of incidents) {
    if (other.id === incident.id || other.status === "resolved" || other.namespace !== incident.namespace) continue;
    const text = `${other.number} ${other.name} ${other.message}`.toLowerCase();
    if (text.includes(words)) found.push(other);
  }
  const shares = (other: Incident): number =>
    other.affected_systems.some((system) => incident.affected_systems.includes(system)) ? 0 : 1;
  return found.sort((a, b) => shares(a) - shares(b) || newestFirst(a, b)).slice(0, SHOWN + 3);
}
