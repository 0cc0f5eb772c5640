/** Where things have their own address. */
import type { Incident } from "@/api/types";

/** The details of an incident: by its number, which people know, once it has one. */
export function incidentPath(incident: Pick<Incident, "id" | "number">): string {
  return `/incidents/${encodeURIComponent(incident.number === "" ? incident.id : incident.number)}`;
}
