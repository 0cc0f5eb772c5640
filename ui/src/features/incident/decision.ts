/** Whether a plan can be decided on, and what has to be typed for it. */
import type { Decision, Plan } from "@/api/types";

export type Standing =
  /** It awaits a decision, and is what was read. */
  | { readonly kind: "open" }
  /** The operator has not checked it yet. */
  | { readonly kind: "unchecked" }
  /** Its hash is another one than the one that was read. */
  | { readonly kind: "changed" }
  /** Its time to be approved is over. */
  | { readonly kind: "expired" }
  | { readonly kind: "decided"; readonly decision: Decision }
  /** It is over without a decision: superseded, or refused. */
  | { readonly kind: "over" };

/** Where the plan stands for somebody who read the plan with that hash. */
export function standingOf(plan: Plan, readHash: string, now: number): Standing {
  const { decision } = plan;
  if (decision !== null) return { kind: "decided", decision };
  if (plan.status === "proposed") return { kind: "unchecked" };
  if (plan.status === "expired") return { kind: "expired" };
  if (plan.status !== "awaiting_approval") return { kind: "over" };
  if (plan.plan_hash !== readHash) return { kind: "changed" };
  return plan.expires_at !== null && Date.parse(plan.expires_at) <= now ? { kind: "expired" } : { kind: "open" };
}

/** What has to be typed before the plan may be approved: the system that a step of high risk acts on; null for nothing. */
export function wordToType(plan: Plan): string | null {
  const risky = plan.recommended_actions.find(({ risk }) => risk === "High");
  if (risky !== undefined) return risky.system;
  return plan.risk_assessment === "High" ? (plan.recommended_actions[0]?.system ?? plan.name) : null;
}
