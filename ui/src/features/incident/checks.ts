/** What must hold after a plan, with what was measured of it. */
import type { Plan, PlanStatus, VerificationCheck, VerificationSample } from "@/api/types";

/** `later`: its turn is to come; `never`: the plan was over before it was measured. */
export type CheckState = "later" | "never" | "waiting" | "holding" | "held" | "missed";

export interface CheckProgress {
  readonly check: VerificationCheck;
  /** Oldest first. */
  readonly samples: readonly VerificationSample[];
  /** Seconds for which it has held without a break, up to the latest sample. */
  readonly heldSeconds: number;
  /** Seconds for which it still has to hold. */
  readonly leftSeconds: number;
  readonly state: CheckState;
}

const TO_COME: ReadonlySet<PlanStatus> = new Set(["proposed", "awaiting_approval", "approved", "executing"]);

export function toChecks(plan: Plan): readonly CheckProgress[] {
  return plan.verification.map((check) => {
    const samples = plan.verification_samples
      .filter(({ system, signal }) => system === check.system && signal === check.signal)
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const heldSeconds = toHeld(samples);
    const leftSeconds = Math.max(0, check.hold_seconds - heldSeconds);
    return { check, samples, heldSeconds, leftSeconds, state: toState(plan, samples, leftSeconds) };
  });
}

/** From the first of the good samples at the end to the last of them. */
function toHeld(samples: readonly VerificationSample[]): number {
  const last = samples.at(-1);
  if (last?.ok !== true) return 0;
  const lastBad = samples.findLastIndex(({ ok }) => !ok);
  const first = samples[lastBad + 1];
  return first === undefined ? 0 : (Date.parse(last.at) - Date.parse(first.at)) / 1000;
}

function toState(plan: Plan, samples: readonly VerificationSample[], leftSeconds: number): CheckState {
  if (plan.status === "completed") return "held";
  if (TO_COME.has(plan.status)) return "later";
  const isHeld = samples.at(-1)?.ok === true && leftSeconds === 0;
  if (plan.status !== "verifying") return samples.length === 0 ? "never" : isHeld ? "held" : "missed";
  if (isHeld) return "held";
  return samples.at(-1)?.ok === true ? "holding" : "waiting";
}
