/** Which incidents the board shows, and in which order: it all stands in the address. */
import type { Incident, IncidentStatus, IncidentType, Severity } from "@/api/types";
import { teamsOf } from "@/lib/teams";
import { SEVERITIES, STATUSES, TYPE_WORD } from "@/lib/words";

export const SORTS = ["newest", "oldest", "severity", "updated"] as const;
export type Sort = (typeof SORTS)[number];

export interface Filters {
  readonly text: string;
  readonly severities: readonly Severity[];
  readonly teams: readonly string[];
  readonly systems: readonly string[];
  readonly types: readonly IncidentType[];
  /** Only what is assigned to whoever is signed in. */
  readonly isMine: boolean;
  readonly sort: Sort;
}

const TYPES = Object.keys(TYPE_WORD) as IncidentType[];

/** What an address means; whatever is not known there is left out. */
export function readFilters(params: URLSearchParams): Filters {
  const sort = params.get("sort");
  return {
    text: params.get("q") ?? "",
    severities: SEVERITIES.filter((severity) => params.getAll("severity").includes(severity)),
    teams: params.getAll("team"),
    systems: params.getAll("system"),
    types: TYPES.filter((type) => params.getAll("type").includes(type)),
    isMine: params.has("mine"),
    sort: SORTS.find((known) => known === sort) ?? "newest",
  };
}

export function isFiltering(filters: Filters): boolean {
  const { text, severities, teams, systems, types, isMine } = filters;
  return text !== "" || isMine || [severities, teams, systems, types].some((chosen) => chosen.length > 0);
}

/** Whether the filters let it through: values of one filter are alternatives, different filters must all hold. */
function isShown(incident: Incident, filters: Filters, user: string): boolean {
  const { severities, teams, systems, types } = filters;
  if (severities.length > 0 && !(incident.severity !== null && severities.includes(incident.severity))) return false;
  if (teams.length > 0 && !teams.includes(incident.team)) return false;
  if (systems.length > 0 && !incident.affected_systems.some((system) => systems.includes(system))) return false;
  if (types.length > 0 && !types.includes(incident.incident_type)) return false;
  if (filters.isMine && incident.assignee !== user) return false;
  const text = filters.text.trim().toLowerCase();
  return text === "" || hasText(incident, text);
}

/** Every word must be found somewhere. */
function hasText(incident: Incident, wanted: string): boolean {
  const { number, name, message, description, source, team, assignee, affected_systems: systems } = incident;
  const text = [number, name, message, description, source, team, assignee, ...systems].join("\n").toLowerCase();
  return wanted.split(/\s+/).every((word) => text.includes(word));
}

type Order = (a: Incident, b: Incident) => number;
const newest: Order = (a, b) => compare(b.created_at ?? "", a.created_at ?? "") || compare(b.number, a.number);
const ORDERS: Record<Sort, Order> = {
  newest,
  oldest: (a, b) => newest(b, a),
  severity: (a, b) => compare(a.severity ?? "P9", b.severity ?? "P9") || newest(a, b),
  updated: (a, b) => compare(b.updated_at ?? "", a.updated_at ?? "") || newest(a, b),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Columns = Readonly<Record<IncidentStatus, readonly Incident[]>>;

/** Every column's incidents in order. A move that was asked for counts as done. */
export function arrange(
  incidents: Iterable<Incident>,
  moves: ReadonlyMap<string, IncidentStatus>,
  filters: Filters,
  user: string,
): Columns {
  const columns: Record<IncidentStatus, Incident[]> = { triage: [], investigating: [], fixing: [], resolved: [] };
  for (const incident of incidents) {
    if (isShown(incident, filters, user)) columns[moves.get(incident.id) ?? incident.status].push(incident);
  }
  for (const status of STATUSES) columns[status].sort(ORDERS[filters.sort]);
  return columns;
}

/** What can be chosen in the filters: whatever the incidents have, in order. */
export function collectChoices(incidents: readonly Incident[]): Choices {
  const systems = new Set(incidents.flatMap((incident) => incident.affected_systems));
  return { teams: teamsOf(incidents), systems: [...systems].sort(compare) };
}

interface Choices {
  readonly teams: readonly string[];
  readonly systems: readonly string[];
}
