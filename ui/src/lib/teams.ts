import type { Incident } from "@/api/types";

/** Every team that has an incident, by name. */
export function teamsOf(incidents: Iterable<Incident>): readonly string[] {
  const teams = new Set<string>();
  for (const { team } of incidents) if (team !== "") teams.add(team);
  return [...teams].sort();
}
