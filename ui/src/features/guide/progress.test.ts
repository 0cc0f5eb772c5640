import { describe, expect, it } from "vitest";

import type { Experiment, Incident, Plan } from "@/api/types";
import { anAnalysis, anExperiment, anIncident, aPlan, aReport, thingsOf } from "@/testing/things";

import { heldOf, type Mark, type Progress, progressOf, runningDrill, STEPS } from "./progress";

const NAME = "redis-memory-abc";
const decision = { approved: true, at: "2026-01-31T12:00:09Z", by: "sre", plan_hash: "", reason: "", via: "board" };
const analysed = { analysis: anAnalysis() };
const resolved = { ...analysed, status: "resolved", resolved_reason: "Verified" } as const;

interface World {
  readonly experiment?: Partial<Experiment>;
  readonly incident?: Partial<Incident>;
  readonly plan?: Partial<Plan>;
  readonly hasRead?: boolean;
}

function look({ experiment, incident, plan, hasRead = false }: World): Progress {
  const things = thingsOf({
    experiments: [anExperiment({ incidents: incident === undefined ? [] : ["inc-1"], ...experiment })],
    incidents: incident === undefined ? [] : [anIncident(incident)],
    plans: plan === undefined ? [] : [aPlan(plan)],
  });
  return progressOf(things, NAME, hasRead);
}

/** The marks in their order, as letters. */
function letters({ marks }: Progress): string {
  const letter: Record<Mark, string> = { todo: ".", done: "x", skipped: "-", failed: "!" };
  return STEPS.map((step) => letter[marks[step]]).join("");
}

describe("progressOf", () => {
  it.each<[string, World, string, Progress["current"]]>([
    ["pending", { experiment: { status: "pending", started_at: null, injected_at: null } }, "......", "break"],
    ["injecting", { experiment: { status: "injecting", injected_at: null } }, "......", "break"],
    ["injected", {}, "x.....", "notice"],
    ["noticed", { incident: {} }, "xx....", "read"],
    ["noticed while it still grows", { experiment: { injected_at: null }, incident: {} }, "xx....", "read"],
    ["opened before it was diagnosed", { incident: {}, hasRead: true }, "xx....", "read"],
    ["diagnosed and opened", { incident: analysed, hasRead: true }, "xxx...", "approve"],
    ["a plan waits, unread", { incident: analysed, plan: {} }, "xx....", "read"],
    ["approved unread", { incident: analysed, plan: { decision, status: "executing" } }, "xx-x..", "heal"],
    [
      "rejected",
      { incident: analysed, plan: { decision: { ...decision, approved: false }, status: "rejected" }, hasRead: true },
      "xxx!..",
      "approve",
    ],
    ["expired", { incident: analysed, plan: { status: "expired" }, hasRead: true }, "xxx!..", "approve"],
    [
      "did not help",
      { incident: analysed, plan: { decision, status: "rolled_back" }, hasRead: true },
      "xxxx!.",
      "heal",
    ],
    ["healed", { incident: resolved, plan: { decision, status: "completed" }, hasRead: true }, "xxxxx.", "grade"],
    [
      "healed, waits for its grade",
      {
        experiment: { status: "recovered" },
        incident: resolved,
        plan: { decision, status: "completed" },
        hasRead: true,
      },
      "xxxxx.",
      "grade",
    ],
    [
      "passed",
      {
        experiment: { status: "recovered", grade: aReport() },
        incident: resolved,
        plan: { decision, status: "completed" },
        hasRead: true,
      },
      "xxxxxx",
      null,
    ],
    [
      "failed",
      {
        experiment: { status: "recovered", grade: aReport({ grade: { passed: false } }) },
        incident: resolved,
        plan: { decision, status: "completed" },
      },
      "xx-xx!",
      null,
    ],
    ["resolved by hand", { incident: { ...resolved, resolved_reason: "ManualOverride" } }, "xx---.", "grade"],
    ["never began", { experiment: { status: "rejected", started_at: null, injected_at: null } }, "!!----", null],
    [
      "stopped before it was noticed",
      { experiment: { status: "aborted", grade: aReport({ grade: { passed: false } }) } },
      "x!---!",
      null,
    ],
    ["stopped while it waited", { experiment: { status: "aborted" }, incident: analysed, plan: {} }, "xx---.", "grade"],
    [
      "a control that nobody noticed",
      { experiment: { status: "recovered", fault: { ...anExperiment().fault, type: "None" }, grade: aReport() } },
      "x----x",
      null,
    ],
  ])("%s", (_, world, marks, current) => {
    const progress = look(world);
    expect(letters(progress)).toBe(marks);
    expect(progress.current).toBe(current);
  });

  it("begins with nothing", () => {
    expect(progressOf(thingsOf({}), null, false)).toMatchObject({
      current: "break",
      experiment: null,
      isOver: false,
    });
  });

  it("does not know an experiment that is gone", () => {
    expect(progressOf(thingsOf({}), NAME, true)).toMatchObject({ current: "break", experiment: null });
  });

  it("follows the latest plan of this run, not of an earlier breach", () => {
    const early = aPlan({ name: "old", attempt: 3, created_at: "2026-01-31T11:00:00Z", status: "completed" });
    const first = aPlan({ name: "first", attempt: 1, status: "failed" });
    const second = aPlan({ name: "second", attempt: 2 });
    const foreign = aPlan({ name: "foreign", attempt: 9, incident_id: "uid-2" });
    const things = thingsOf({
      experiments: [anExperiment({ incidents: ["inc-1"] })],
      incidents: [anIncident()],
      plans: [early, second, first, foreign],
    });
    expect(progressOf(things, NAME, false).plan?.name).toBe("second");
  });

  it("follows the incident that is graded, else the first, and none of another namespace", () => {
    const incidents = [
      anIncident({ name: "inc-0", number: "INC-0000", namespace: "elsewhere" }),
      anIncident({ name: "inc-2", number: "INC-0002" }),
      anIncident({ name: "inc-1", number: "INC-0001" }),
    ];
    const names = ["inc-0", "inc-1", "inc-2"];
    const first = thingsOf({ incidents, experiments: [anExperiment({ incidents: names })] });
    expect(progressOf(first, NAME, false).incident?.name).toBe("inc-1");
    const graded = anExperiment({ incidents: names, grade: aReport({ incident: "inc-2" }) });
    expect(progressOf(thingsOf({ incidents, experiments: [graded] }), NAME, false).incident?.name).toBe("inc-2");
  });

  it("outlives incidents that were deleted", () => {
    const progress = look({ experiment: { status: "aborted", incidents: ["inc-9"], grade: aReport() } });
    expect(progress).toMatchObject({ incident: null, isOver: true });
  });
});

describe("heldOf", () => {
  const check = {
    system: "redis-test",
    signal: "memory",
    hold_seconds: 5,
    min_health: 50,
    timeout_seconds: 60,
  } as const;
  const sample = (second: number, ok: boolean, signal: "memory" | "canary" = "memory") => ({
    at: `2026-01-31T12:00:0${second}Z`,
    system: "redis-test",
    signal,
    health: ok ? 90 : 10,
    ok,
  });

  it("is unknown before a measurement", () => {
    expect(heldOf(aPlan({ verification: [check] }))).toBeNull();
  });

  it("counts anew after a bad measurement", () => {
    const verification_samples = [sample(0, true), sample(2, false), sample(3, true), sample(6, true)];
    const plan = aPlan({ verification: [check], verification_samples });
    expect(heldOf(plan)).toEqual({ since: sample(3, true).at, seconds: 5 });
  });

  it("holds since the last of all checks does, and not at all while one does not", () => {
    const verification = [check, { ...check, signal: "canary" as const, hold_seconds: 8 }];
    const verification_samples = [sample(0, true), sample(4, true, "canary"), sample(6, true, "canary")];
    expect(heldOf(aPlan({ verification, verification_samples }))).toEqual({ since: sample(4, true).at, seconds: 8 });
    const broken = [...verification_samples, sample(7, false)];
    expect(heldOf(aPlan({ verification, verification_samples: broken }))?.since).toBeNull();
  });
});

describe("runningDrill", () => {
  it("finds the newest of the namespace that is not over", () => {
    const { experiments } = thingsOf({
      experiments: [
        anExperiment({ name: "a", created_at: "2026-01-31T12:00:00Z" }),
        anExperiment({ name: "b", created_at: "2026-01-31T12:01:00Z" }),
        anExperiment({ name: "c", created_at: "2026-01-31T12:02:00Z", status: "recovered" }),
        anExperiment({ name: "d", created_at: "2026-01-31T12:03:00Z", namespace: "elsewhere" }),
      ],
    });
    expect(runningDrill(experiments, "drills")?.name).toBe("b");
    expect(runningDrill(experiments, "nowhere")).toBeNull();
  });
});
