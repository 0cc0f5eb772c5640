/** Open incidents by system. It is read at every change of any incident, so it stays the same where nothing changed. */
import type { Incident, SignalName } from "@/api/types";
import { keyOf } from "@/lib/keys";
import { label } from "@/live/actions";
import { useLive } from "@/live/store";

export interface OpenIncident {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  readonly signals: readonly SignalName[];
}

type BySystem = ReadonlyMap<string, readonly OpenIncident[]>;

/** Newest first. */
export function indexOpen(incidents: Iterable<Incident>): BySystem {
  const found = new Map<string, OpenIncident[]>();
  for (const incident of incidents) {
    if (incident.status === "resolved" || incident.incident_type !== "real_system") continue;
    const { id, number, name, signals } = incident;
    for (const system of incident.affected_systems) {
      const key = keyOf({ namespace: incident.namespace, name: system });
      found.set(key, [...(found.get(key) ?? []), { id, number, name, signals }]);
    }
  }
  for (const list of found.values()) {
    list.sort((a, b) => label(b).localeCompare(label(a), undefined, { numeric: true }));
  }
  return found;
}

/** Gives the earlier result while a new one says the same, and does not look twice at the same incidents. */
export function settleOpen(): (incidents: ReadonlyMap<string, Incident>) => BySystem {
  let seen: ReadonlyMap<string, Incident> | null = null;
  let text = "";
  let settled: BySystem = new Map();
  return (incidents) => {
    if (incidents === seen) return settled;
    seen = incidents;
    const next = indexOpen(incidents.values());
    const nextText = JSON.stringify([...next]);
    if (nextText !== text) {
      text = nextText;
      settled = next;
    }
    return settled;
  };
}

const openNow = settleOpen();

export function useOpenIncidents(): BySystem {
  return useLive((state) => openNow(state.incidents));
}
