/** What things are found by, and called. */
import type { Incident } from "@/api/types";

/** What a thing of the cluster is found by where only its namespace and name are told. */
export function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** How an incident is called where there is little room. */
export function label(incident: Pick<Incident, "number" | "name">): string {
  return incident.number === "" ? incident.name : incident.number;
}
