import { describe, expect, it } from "vitest";

import type { Timestamps } from "@/api/types";

import { type StoryInput, tellStory } from "./story";

const NEVER: Timestamps = {
  acknowledged_at: null,
  approved_at: null,
  breached_at: null,
  detected_at: null,
  diagnosed_at: null,
  execution_started_at: null,
  mitigated_at: null,
  plan_proposed_at: null,
  resolved_at: null,
};
const START = Date.parse("2026-01-01T12:00:00Z");

function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

function tell(timestamps: Partial<Timestamps>, more: Partial<StoryInput> = {}) {
  const input = { injectedAt: null, isWaiting: false, isGoingOn: false, now: START + 100_000, ...more };
  return tellStory({ timestamps: { ...NEVER, ...timestamps }, ...input });
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
    const story = tell({ detected_at: at(0), plan_proposed_at: at(10) }, { isWaiting: true, isGoingOn: true });
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
});
