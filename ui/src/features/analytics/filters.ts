/** Which incidents the figures are of: it all stands in the address. */
import type { Incident, IncidentType, Severity } from "@/api/types";
import { SEVERITIES, TYPE_WORD } from "@/lib/words";

export const RANGES = ["1h", "24h", "7d", "30d", "all"] as const;
export type Range = (typeof RANGES)[number];

const HOUR_MS = 3_600_000;
/** How far back each goes, in milliseconds; null for as far as anything is known. */
export const SPAN_MS: Record<Range, number | null> = {
  "1h": HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
  "30d": 30 * 24 * HOUR_MS,
  all: null,
};

export type Drills = "all" | "only" | "none";

export interface Filters {
  readonly range: Range;
  readonly severity: Severity | null;
  readonly team: string | null;
  readonly system: string | null;
  /** Null for every type. */
  readonly type: IncidentType | null;
  readonly drills: Drills;
}

/** Real systems only: what was made for practice would say nothing about how fast anything is healed. */
export const DEFAULTS: Filters = {
  range: "24h",
  severity: null,
  team: null,
  system: null,
  type: "real_system",
  drills: "all",
};

const TYPES = Object.keys(TYPE_WORD) as IncidentType[];
const ANY = "any";

/** What an address means; whatever is not known there is left out. */
export function readFilters(params: URLSearchParams): Filters {
  const type = params.get("type");
  const drills = params.get("drills");
  return {
    range: RANGES.find((range) => range === params.get("range")) ?? DEFAULTS.range,
    severity: SEVERITIES.find((severity) => severity === params.get("severity")) ?? null,
    team: params.get("team"),
    system: params.get("system"),
    type: type === ANY ? null : (TYPES.find((known) => known === type) ?? DEFAULTS.type),
    drills: drills === "only" || drills === "none" ? drills : "all",
  };
}

/** The same address with those filters; what is as usual is left out. */
export function writeFilters(params: URLSearchParams, filters: Filters): URLSearchParams {
  const written = new URLSearchParams(params);
  const put = (name: string, value: string | null): void => {
    if (value === null) written.delete(name);
    else written.set(name, value);
  };
  put("range", filters.range === DEFAULTS.range ? null : filters.range);
  put("severity", filters.severity);
  put("team", filters.team);
  put("system", filters.system);
  put("type", filters.type === DEFAULTS.type ? null : (filters.type ?? ANY));
  put("drills", filters.drills === "all" ? null : filters.drills);
  return written;
}

/** When an incident counts: when it was noticed, or was made. Milliseconds since 1970, or null. */
export function timeOf(incident: Incident): number | null {
  const at = incident.timestamps.detected_at ?? incident.created_at;
  return at === null ? null : Date.parse(at);
}

/** Where the range begins, in milliseconds since 1970. */
export function beginOf(range: Range, now: number): number {
  const span = SPAN_MS[range];
  return span === null ? -Infinity : now - span;
}

/** Whether the filters let it through, but for whether it is a drill's. */
export function isWanted(incident: Incident, filters: Filters, now: number): boolean {
  const at = timeOf(incident);
  const { severity, team, system, type } = filters;
  return (
    at !== null &&
    at >= beginOf(filters.range, now) &&
    (severity === null || incident.severity === severity) &&
    (team === null || incident.team === team) &&
    (system === null || incident.affected_systems.includes(system)) &&
    (type === null || incident.incident_type === type)
  );
}
