/** How far a drill has come: a pure function of what the board knows, and of nothing that was clicked. */
import type { Experiment, Incident, Plan } from "@/api/types";
import { RUNNING } from "@/lib/words";
import type { Things } from "@/live/state";

export const STEPS = ["break", "notice", "read", "approve", "heal", "grade"] as const;
export type Step = (typeof STEPS)[number];

/** `skipped`: it went on without that. `failed`: it did not come to that, or came out badly. */
export type Mark = "todo" | "done" | "skipped" | "failed";

export interface Progress {
  readonly experiment: Experiment | null;
  readonly incident: Incident | null;
  /** The latest plan of this run. */
  readonly plan: Plan | null;
  readonly marks: Readonly<Record<Step, Mark>>;
  /** What is to be done or waited for now; null once all is over. */
  readonly current: Step | null;
  /** Nothing more will happen. */
  readonly isOver: boolean;
}

/** `name` is the experiment's; null before one was begun. `hasRead`: the page of its incident was opened. */
export function progressOf(things: Things, name: string | null, hasRead: boolean): Progress {
  const experiment = name === null ? null : byName(things.experiments, name);
  if (experiment === null) {
    const marks = {
      break: "todo",
      notice: "todo",
      read: "todo",
      approve: "todo",
      heal: "todo",
      grade: "todo",
    } as const;
    return { experiment, incident: null, plan: null, marks, current: "break", isOver: false };
  }
  const incident = incidentOf(experiment, things.incidents);
  const plan = incident === null ? null : latestPlan(experiment, incident, things.plans);
  const isOver = !RUNNING.has(experiment.status) && (experiment.grade !== null || !isGradable(experiment));
  const marks = marksOf({ experiment, incident, plan, hasRead });
  return { experiment, incident, plan, marks, current: isOver ? null : currentOf(marks), isOver };
}

interface Facts {
  readonly experiment: Experiment;
  readonly incident: Incident | null;
  readonly plan: Plan | null;
  readonly hasRead: boolean;
}

function marksOf(facts: Facts): Record<Step, Mark> {
  return {
    break: breakMark(facts),
    notice: noticeMark(facts),
    read: readMark(facts),
    approve: approveMark(facts),
    heal: healMark(facts),
    grade: gradeMark(facts),
  };
}

/** Experiments that ended are graded a moment later; those that never began are not. */
function isGradable(experiment: Experiment): boolean {
  return experiment.status !== "rejected" && experiment.started_at !== null;
}

/** No more will come of the fault: whatever did not happen until now does not happen. */
function hasEnded({ experiment }: Facts): boolean {
  return !RUNNING.has(experiment.status);
}

function breakMark({ experiment, incident }: Facts): Mark {
  if (incident !== null || experiment.injected_at !== null) return "done";
  return RUNNING.has(experiment.status) ? "todo" : "failed";
}

function noticeMark(facts: Facts): Mark {
  if (facts.incident !== null) return "done";
  if (!hasEnded(facts)) return "todo";
  return facts.experiment.fault.type === "None" ? "skipped" : "failed";
}

function readMark(facts: Facts): Mark {
  const { incident, plan, hasRead } = facts;
  if (hasRead && incident !== null && incident.analysis !== null) return "done";
  const wentOn = (plan?.decision ?? null) !== null || incident?.status === "resolved" || hasEnded(facts);
  return wentOn ? "skipped" : "todo";
}

function approveMark(facts: Facts): Mark {
  const { incident, plan } = facts;
  if (plan?.decision?.approved === true) return "done";
  if (incident?.status === "resolved" || hasEnded(facts)) return "skipped";
  return plan?.status === "rejected" || plan?.status === "expired" || plan?.status === "failed" ? "failed" : "todo";
}

function healMark(facts: Facts): Mark {
  const { incident, plan } = facts;
  if (incident?.status === "resolved") return incident.resolved_reason === "Verified" ? "done" : "skipped";
  if (plan?.decision?.approved === true && (plan.status === "failed" || plan.status === "rolled_back")) return "failed";
  return hasEnded(facts) ? "skipped" : "todo";
}

function gradeMark({ experiment }: Facts): Mark {
  if (experiment.grade !== null) return experiment.grade.grade.passed ? "done" : "failed";
  return experiment.status === "rejected" ? "skipped" : "todo";
}

function currentOf(marks: Readonly<Record<Step, Mark>>): Step {
  return STEPS.find((step) => marks[step] === "todo" || marks[step] === "failed") ?? "grade";
}

function byName<T extends { readonly name: string }>(things: ReadonlyMap<string, T>, name: string): T | null {
  for (const thing of things.values()) if (thing.name === name) return thing;
  return null;
}

/** The one that is graded, or else that of the lowest number: the first that the damage opened. */
function incidentOf(experiment: Experiment, incidents: ReadonlyMap<string, Incident>): Incident | null {
  const graded = experiment.grade?.incident.name ?? "";
  let first: Incident | null = null;
  if (experiment.incidents.length === 0) return null;
  for (const incident of incidents.values()) {
    if (incident.namespace !== experiment.namespace || !experiment.incidents.includes(incident.name)) continue;
    if (incident.name === graded) return incident;
    if (first === null || incident.number < first.number) first = incident;
  }
  return first;
}

/** An incident that was opened again has plans of an earlier run, which say nothing about this one. */
function latestPlan(experiment: Experiment, incident: Incident, plans: ReadonlyMap<string, Plan>): Plan | null {
  const since =
    experiment.started_at === null ? -Infinity : Math.floor(Date.parse(experiment.started_at) / 1000) * 1000;
  let latest: Plan | null = null;
  for (const plan of plans.values()) {
    if (plan.incident_id !== incident.id) continue;
    if (plan.created_at !== null && Date.parse(plan.created_at) < since) continue;
    if (latest === null || plan.attempt > latest.attempt) latest = plan;
  }
  return latest;
}

/** A drill that runs now and that somebody else, or an earlier visit, began; the newest. */
export function runningDrill(experiments: ReadonlyMap<string, Experiment>, namespace: string): Experiment | null {
  let newest: Experiment | null = null;
  for (const experiment of experiments.values()) {
    if (experiment.namespace !== namespace || !RUNNING.has(experiment.status)) continue;
    if (newest === null || (experiment.created_at ?? "") > (newest.created_at ?? "")) newest = experiment;
  }
  return newest;
}

export interface Held {
  /** Since when everything holds, as the operator last said; null while something does not. */
  readonly since: string | null;
  readonly seconds: number;
}

/**
 * The hold window: what must hold, and since when all of it does, each counted from its first good measurement after
 * the last bad one. Null before anything was measured.
 */
export function heldOf(plan: Plan): Held | null {
  if (plan.verification_samples.length === 0 || plan.verification.length === 0) return null;
  let latest: string | null = "";
  for (const check of plan.verification) {
    let since: string | null = null;
    for (const { system, signal, ok, at } of plan.verification_samples) {
      if (system === check.system && signal === check.signal) since = ok ? (since ?? at) : null;
    }
    latest = latest === null || since === null ? null : since > latest ? since : latest;
  }
  return { since: latest, seconds: Math.max(...plan.verification.map((check) => check.hold_seconds)) };
}
