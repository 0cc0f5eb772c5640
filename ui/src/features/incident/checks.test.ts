import { describe, expect, it } from "vitest";

import type { VerificationSample } from "@/api/types";
import { aPlan } from "@/testing/things";

import { toChecks } from "./checks";

const CHECK = { system: "redis-test", signal: "memory", min_health: 50, hold_seconds: 5, timeout_seconds: 60 } as const;

function aSample(second: number, ok: boolean, fields: Partial<VerificationSample> = {}): VerificationSample {
  const at = new Date(Date.parse("2026-01-01T12:00:00Z") + second * 1000).toISOString();
  return { system: "redis-test", signal: "memory", at, health: ok ? 90 : 10, ok, ...fields };
}

function progress(samples: readonly VerificationSample[], status: "verifying" | "failed" | "completed" = "verifying") {
  const [check] = toChecks(aPlan({ status, verification: [CHECK], verification_samples: [...samples] }));
  return check;
}

describe("toChecks", () => {
  it("counts for how long it has held without a break", () => {
    expect(progress([aSample(0, true), aSample(1, false), aSample(2, true), aSample(4, true)])).toMatchObject({
      heldSeconds: 2,
      leftSeconds: 3,
      state: "holding",
    });
  });

  it("takes samples in their order of time, and of this check alone", () => {
    const samples = [aSample(4, true), aSample(0, true), aSample(5, false, { signal: "canary" })];
    expect(progress(samples)).toMatchObject({ heldSeconds: 4, state: "holding", samples: { length: 2 } });
  });

  it("begins anew after a bad measurement, and an unknown one is bad", () => {
    expect(progress([aSample(0, true), aSample(5, false, { health: null })])).toMatchObject({
      heldSeconds: 0,
      leftSeconds: 5,
      state: "waiting",
    });
  });

  it("says nothing of measurements before there are any", () => {
    const [check] = toChecks(aPlan({ status: "executing", verification: [CHECK] }));
    expect(check).toMatchObject({ state: "later", heldSeconds: 0 });
    const [never] = toChecks(aPlan({ status: "superseded", verification: [CHECK] }));
    expect(never?.state).toBe("never");
  });

  it("tells what did not hold from what did", () => {
    expect(progress([aSample(0, true), aSample(2, false)], "failed")?.state).toBe("missed");
    expect(progress([aSample(0, true), aSample(5, true)], "failed")?.state).toBe("held");
    expect(progress([], "completed")?.state).toBe("held");
  });
});
