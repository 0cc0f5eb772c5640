import { describe, expect, it } from "vitest";

import { aPlan, NO_PARAMS } from "@/testing/things";

import { standingOf, wordToType } from "./decision";

const NOW = Date.parse("2026-01-31T12:00:00Z");
const DECISION = {
  approved: true,
  at: "2026-01-31T11:59:00Z",
  by: "ann",
  plan_hash: "h",
  reason: "",
  via: "kubectl",
};

describe("standingOf", () => {
  const plan = aPlan({ plan_hash: "h", expires_at: "2026-01-31T12:30:00Z" });

  it("is open for who read this plan", () => {
    expect(standingOf(plan, "h", NOW).kind).toBe("open");
    expect(standingOf({ ...plan, expires_at: null }, "h", NOW).kind).toBe("open");
  });

  it("is not open for who read another one", () => {
    expect(standingOf(plan, "g", NOW).kind).toBe("changed");
  });

  it("tells the decision before anything else", () => {
    const decided = { ...plan, status: "executing" as const, decision: DECISION };
    expect(standingOf(decided, "g", NOW)).toEqual({ kind: "decided", decision: DECISION });
  });

  it("ends when its time is over, also before the operator says so", () => {
    expect(standingOf(plan, "h", Date.parse("2026-01-31T12:30:00Z")).kind).toBe("expired");
    expect(standingOf({ ...plan, status: "expired" }, "h", NOW).kind).toBe("expired");
    expect(standingOf({ ...plan, status: "superseded" }, "h", NOW).kind).toBe("over");
    expect(standingOf({ ...plan, status: "proposed" }, "h", NOW).kind).toBe("unchecked");
  });
});

describe("wordToType", () => {
  const action = {
    id: "s",
    type: "RestartSystem",
    system: "redis-test",
    params: NO_PARAMS,
    risk: "Low",
    expected_impact: "",
    reversible: false,
  } as const;

  it("is the system of the step whose risk is high", () => {
    const plan = aPlan({
      recommended_actions: [action, { ...action, id: "t", system: "postgres-test", risk: "High" }],
    });
    expect(wordToType(plan)).toBe("postgres-test");
    expect(wordToType(aPlan({ recommended_actions: [action] }))).toBeNull();
  });

  it("is asked for as well where only the whole is of high risk", () => {
    expect(wordToType(aPlan({ recommended_actions: [action], risk_assessment: "High" }))).toBe("redis-test");
    expect(wordToType(aPlan({ risk_assessment: "High", name: "plan-1" }))).toBe("plan-1");
  });
});
