import { describe, expect, it } from "vitest";

import type { Incident, Plan } from "@/api/types";
import { anIncident, aPlan } from "@/testing/things";

import { tellStory } from "./story";

const START = Date.parse("2026-01-01T12:00:00Z");

function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

interface More {
  readonly injectedAt?: string;
  readonly now?: number;
  readonly plans?: readonly Plan[];
  readonly isGoingOn?: boolean;
  readonly incident?: Partial<Omit<Incident, "timestamps">>;
}

function tell(timestamps: Partial<Incident["timestamps"]>, more: More = {}) {
  const { injectedAt = null, now = START + 100_000, plans = [], isGoingOn = false } = more;
  const incident = anIncident({
    status: isGoingOn ? "investigating" : "resolved",
    ...more.incident,
    timestamps: { detected_at: null, ...timestamps },
  });
  return tellStory({ incident, plans, injectedAt, now });
}

describe("tellStory", () => {
  it("tells machine time from the wait for a person", () => {
    const story = tell(
      {
        breached_at: at(2),
        detected_at: at(3),
        diagnosed_at: at(4),
        plan_proposed_at: at(5),
        acknowledged_at: at(7205),
        approved_at: at(7205),
        execution_started_at: at(7206),
        mitigated_at: at(7208),
        resolved_at: at(7213),
      },
      { injectedAt: at(0) },
    );
    expect(story?.personSeconds).toBe(7200);
    expect(story?.machineSeconds).toBe(13);
    expect(story?.moments.map(({ names }) => names.join("+"))).toEqual([
      "injected",
      "breached",
      "detected",
      "diagnosed",
      "proposed",
      "acknowledged+approved",
      "executed",
      "mitigated",
      "resolved",
    ]);
    expect(story?.stretches.filter(({ whose }) => whose === "person")).toHaveLength(1);
  });

  it("keeps three seconds visible beside two hours", () => {
    const story = tell({ detected_at: at(0), plan_proposed_at: at(3), approved_at: at(7203) });
    const [short, long] = story?.stretches ?? [];
    expect((long?.weight ?? 0) / (short?.weight ?? 1)).toBeLessThan(6);
    expect(long?.weight).toBeGreaterThan(short?.weight ?? 0);
  });

  it("counts a wait that is acknowledged in between as one wait of two stretches", () => {
    const story = tell({ plan_proposed_at: at(0), acknowledged_at: at(10), approved_at: at(30) });
    expect(story?.stretches.map(({ whose }) => whose)).toEqual(["person", "person"]);
    expect(story?.personSeconds).toBe(30);
  });

  it("counts the wait that goes on until now", () => {
    const story = tell(
      { detected_at: at(0), plan_proposed_at: at(10) },
      {
        plans: [aPlan({ created_at: at(10) })],
        isGoingOn: true,
      },
    );
    expect(story?.personSeconds).toBe(90);
    expect(story?.stretches.at(-1)).toMatchObject({ isOpen: true, whose: "person", seconds: 90 });
  });

  it("does not blame a person where nothing waits", () => {
    const story = tell({ detected_at: at(0), plan_proposed_at: at(10) }, { isGoingOn: true });
    expect(story?.personSeconds).toBe(0);
    expect(story?.machineSeconds).toBe(100);
  });

  it("leaves out what is missing or no time", () => {
    const story = tell({ detected_at: at(0), diagnosed_at: "soon", resolved_at: at(5) });
    expect(story?.moments.map(({ names }) => names)).toEqual([["detected"], ["resolved"]]);
    expect(tell({})).toBeNull();
    expect(tell({}, { isGoingOn: true })).toBeNull();
  });

  it("puts times that are out of order where they happened, and never counts below zero", () => {
    const story = tell({ detected_at: at(10), breached_at: at(12), plan_proposed_at: at(30), approved_at: at(20) });
    expect(story?.moments.map(({ names }) => names[0])).toEqual(["detected", "breached", "approved", "proposed"]);
    expect(story?.personSeconds).toBe(0);
    expect(story?.stretches.every(({ seconds }) => seconds >= 0)).toBe(true);
  });

  it("does not go back where this clock is behind the cluster's", () => {
    const story = tell({ detected_at: at(0) }, { isGoingOn: true, now: START - 5_000 });
    expect(story?.stretches).toEqual([{ seconds: 0, whose: "machine", weight: 1, isOpen: true }]);
  });

  it("tells of a rejection and of the call that follows it, and cuts the time there", () => {
    const decision = { approved: false, at: at(60), by: "ann", plan_hash: "", reason: "no", via: "api" };
    const again = { ...decision, approved: true, at: at(400) };
    const story = tell(
      {
        detected_at: at(0),
        diagnosed_at: at(5),
        plan_proposed_at: at(10.4),
        acknowledged_at: at(60),
        approved_at: at(400),
        resolved_at: at(420),
      },
      {
        plans: [
          aPlan({ name: "one", created_at: at(10), status: "rejected", decision }),
          aPlan({ name: "two", created_at: at(300), status: "completed", decision: again }),
        ],
      },
    );
    expect(story?.moments.map(({ names, offset }) => [names.join("+"), offset])).toEqual([
      ["detected", 0],
      ["diagnosed", 5],
      ["proposed", 10.4],
      ["acknowledged+rejected", 60],
      ["proposed", 300],
      ["approved", 400],
      ["resolved", 420],
    ]);
    expect(story?.personSeconds).toBeCloseTo(389.6);
    expect(story?.machineSeconds).toBeCloseTo(30.4);
  });

  it("says when a person was called where nothing else happened then", () => {
    const decision = { approved: true, at: at(20), by: "ann", plan_hash: "", reason: "", via: "api" };
    const story = tell(
      { detected_at: at(0), plan_proposed_at: at(10), approved_at: at(20), resolved_at: at(100) },
      {
        incident: { escalated: "it made it worse" },
        plans: [aPlan({ created_at: at(10), updated_at: at(40), status: "rolled_back", decision })],
      },
    );
    expect(story?.moments.find(({ offset }) => offset === 40)?.names).toEqual(["called"]);
    expect(story?.personSeconds).toBe(70);
    expect(story?.machineSeconds).toBe(30);
  });
});
