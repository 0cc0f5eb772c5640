/** How much time an incident has left before it is acknowledged, or resolved, too late. */
import type { Incident, Severity } from "@/api/types";

import { formatAge, formatDuration } from "./format";

/** Seconds for each severity, as `GET /board` gives them. */
export type SlaTargets = Readonly<
  Record<string, { readonly acknowledge_seconds: number; readonly resolve_seconds: number } | undefined>
>;

/** `kept` and `missed` are of what is over; the other three of what goes on. */
export type SlaState = "running" | "soon" | "breached" | "kept" | "missed";

interface Sla {
  readonly clock: "acknowledge" | "resolve";
  readonly state: SlaState;
  /** When it is due, in milliseconds since 1970. */
  readonly dueAt: number;
  /** Seconds that are left; negative when it is late. Of what is over: at its end. */
  readonly left: number;
  /** Seconds that it may take. */
  readonly allowed: number;
}

const SOON = 0.25;

/** The clock that runs: to acknowledge until somebody did, then to resolve. Null without a severity or a target. */
export function judgeSla(
  incident: Pick<Incident, "severity" | "status" | "timestamps" | "created_at">,
  targets: SlaTargets,
  now: number,
): Sla | null {
  const target = incident.severity === null ? undefined : targets[incident.severity satisfies Severity];
  const began = incident.timestamps.detected_at ?? incident.created_at;
  if (target === undefined || began === null) return null;
  const start = Date.parse(began);
  const { acknowledged_at: acknowledged, resolved_at: resolved } = incident.timestamps;
  if (incident.status === "resolved" && resolved !== null) {
    const dueAt = start + target.resolve_seconds * 1000;
    const left = (dueAt - Date.parse(resolved)) / 1000;
    return { clock: "resolve", state: left >= 0 ? "kept" : "missed", dueAt, left, allowed: target.resolve_seconds };
  }
  const clock = acknowledged === null ? "acknowledge" : "resolve";
  const allowed = clock === "acknowledge" ? target.acknowledge_seconds : target.resolve_seconds;
  const dueAt = start + allowed * 1000;
  const left = (dueAt - now) / 1000;
  const state = left < 0 ? "breached" : left < allowed * SOON ? "soon" : "running";
  return { clock, state, dueAt, left, allowed };
}

/** The SLA in words; empty without one. Coarse, so that it does not change each second. */
export function describeSla(sla: Sla | null): string {
  if (sla === null) return "";
  const verb = sla.clock === "acknowledge" ? "acknowledged" : "resolved";
  const time = formatAge(Math.abs(sla.left));
  switch (sla.state) {
    case "kept":
      return `resolved ${formatDuration(sla.left)} before it was due`;
    case "missed":
      return `resolved ${formatDuration(-sla.left)} too late`;
    case "breached":
      return `should have been ${verb} ${time} ago`;
    case "running":
    case "soon":
      return `to be ${verb} within ${time}`;
  }
}
