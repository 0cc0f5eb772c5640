/** Open incidents by system. It is read at every change of any incident, so it stays the same where nothing changed. */
import type { Incident, SignalName } from "@/api/types";
import { keyOf, label } from "@/lib/keys";

export interface OpenIncident {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  readonly signals: readonly SignalName[];
}

export type BySystem = ReadonlyMap<string, readonly OpenIncident[]>;

/** One open incident on one system. */
interface Place extends OpenIncident {
  readonly key: string;
}

const byLabel = new Intl.Collator(undefined, { numeric: true });

function findPlaces(incidents: Iterable<Incident>): readonly Place[] {
  const places: Place[] = [];
  for (const incident of incidents) {
    if (incident.status === "resolved" || incident.incident_type !== "real_system") continue;
    const { id, number, name, signals } = incident;
    for (const system of incident.affected_systems) {
      const key = keyOf({ namespace: incident.namespace, name: system });
      places.push({ key, id, number, name, signals });
    }
  }
  return places;
}

/** Newest first. */
function groupPlaces(places: readonly Place[]): BySystem {
  const found = new Map<string, OpenIncident[]>();
  for (const { key, ...open } of places) {
    const others = found.get(key);
    if (others === undefined) found.set(key, [open]);
    else others.push(open);
  }
  for (const list of found.values()) list.sort((a, b) => byLabel.compare(label(b), label(a)));
  return found;
}

export function indexOpen(incidents: Iterable<Incident>): BySystem {
  return groupPlaces(findPlaces(incidents));
}

function isSame(a: Place, b: Place | undefined): boolean {
  return (
    b?.key === a.key &&
    a.id === b.id &&
    a.number === b.number &&
    a.signals.length === b.signals.length &&
    a.signals.every((signal, index) => signal === b.signals[index])
  );
}

/**
 * Gives the earlier result while a new one would say the same. With many changes a second nearly none of them is one of
 * these: so what is compared is not yet sorted, and nothing is sorted to find out.
 */
export function settleOpen(): (incidents: ReadonlyMap<string, Incident>) => BySystem {
  let seen: ReadonlyMap<string, Incident> | null = null;
  let places: readonly Place[] = [];
  let settled: BySystem = new Map();
  return (incidents) => {
    if (incidents === seen) return settled;
    seen = incidents;
    const next = findPlaces(incidents.values());
    if (next.length !== places.length || !next.every((place, index) => isSame(place, places[index]))) {
      places = next;
      settled = groupPlaces(next);
    }
    return settled;
  };
}
