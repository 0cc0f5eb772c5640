/** A plan's steps with what became of each, as it runs. */
import type { Action, ActionResult, Plan } from "@/api/types";
import { splitWords } from "@/lib/format";
import { OPEN_PLANS } from "@/lib/words";

/** `skipped`: the plan was over before its turn came. */
export type StepState = "pending" | "running" | "done" | "failed" | "skipped";

export interface Step {
  readonly action: Action;
  readonly result: ActionResult | null;
  readonly state: StepState;
}

export function toSteps(plan: Plan): readonly Step[] {
  const isOver = !OPEN_PLANS.has(plan.status);
  return plan.recommended_actions.map((action) => {
    const result = plan.executed_actions.find(({ id }) => id === action.id) ?? null;
    return { action, result, state: toState(result, isOver) };
  });
}

function toState(result: ActionResult | null, isOver: boolean): StepState {
  if (result === null) return isOver ? "skipped" : "pending";
  if (result.ended_at === null) return isOver ? "failed" : "running";
  return result.succeeded ? "done" : "failed";
}

/** One measurement of the target, before and after a step. */
export interface EvidenceRow {
  readonly name: string;
  readonly before: string;
  /** Null while it was not read yet. */
  readonly after: string | null;
  readonly hasChanged: boolean;
  /** Signed, where both are numbers and differ. */
  readonly change: string | null;
}

/** What was read before and after, by name; a name that only one of them has is shown as not read in the other. */
export function compareEvidence(result: ActionResult): readonly EvidenceRow[] {
  const names = [...new Set([...Object.keys(result.before), ...Object.keys(result.after)])];
  const isRead = Object.keys(result.after).length > 0;
  return names.map((name) => {
    const before = result.before[name];
    const after = result.after[name];
    return {
      name: splitWords(name),
      before: toText(before),
      after: isRead ? toText(after) : null,
      hasChanged: isRead && toText(before) !== toText(after),
      change: isRead ? toChange(before, after) : null,
    };
  });
}

function toText(value: unknown): string {
  if (value === undefined) return "not read";
  if (value === null) return "unknown";
  if (typeof value === "number") return grouped(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function toChange(before: unknown, after: unknown): string | null {
  if (typeof before !== "number" || typeof after !== "number" || before === after) return null;
  return `${after > before ? "+" : "\u2212"}${grouped(Math.abs(after - before))}`;
}

/** 1234567 as "1 234 567", the same in every language. */
function grouped(value: number): string {
  const [whole = "", ...rest] = String(value).split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, "\u2009"), ...rest].join(".");
}
