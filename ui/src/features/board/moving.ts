/** Moves that may need a reason first: an incident is not called over while its system is unhealthy without one. */
import type { Incident, IncidentStatus } from "@/api/types";
import { moveIncident } from "@/live/actions";
import { store } from "@/live/store";

/** A move that waits for its reason. */
export interface Pending {
  readonly incident: Incident;
  readonly to: IncidentStatus;
}

let ask: (pending: Pending) => void = () => undefined;

/** Who asks for reasons; one dialog for the whole board. */
export function onReasonNeeded(handler: (pending: Pending) => void): () => void {
  ask = handler;
  return () => {
    ask = () => undefined;
  };
}

/** Moves it, and asks for the reason where one is needed. */
export function requestMove(incident: Incident, to: IncidentStatus): void {
  if (to === "resolved" && isUnhealthy(incident)) {
    ask({ incident, to });
    return;
  }
  void moveIncident(incident, to).then((outcome) => {
    if (outcome === "needs-reason") ask({ incident, to });
  });
}

/** As far as the board knows; the operator decides. */
function isUnhealthy(incident: Incident): boolean {
  for (const system of store.get().systems.values()) {
    const isAffected = system.namespace === incident.namespace && incident.affected_systems.includes(system.name);
    if (isAffected && system.will_trigger_incident) return true;
  }
  return false;
}
