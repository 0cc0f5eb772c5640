/** Where things have their own address. */
import type { Experiment, Incident } from "@/api/types";

/** The details of an incident: by its number, which people know, once it has one. */
export function incidentPath(incident: Pick<Incident, "id" | "number">): string {
  return `/incidents/${encodeURIComponent(incident.number === "" ? incident.id : incident.number)}`;
}

/** What the experiments page opens at, by its name in the address. */
export const RUN_NAME = "run-name";

/** One run on the experiments page. */
export function experimentPath({ name }: Pick<Experiment, "name">): string {
  return `/experiments?${RUN_NAME}=${encodeURIComponent(name)}`;
}
