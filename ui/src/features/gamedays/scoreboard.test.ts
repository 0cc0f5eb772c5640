import { describe, expect, it } from "vitest";

import type { DrillReport, GameDay } from "@/api/types";
import { anExperiment, aReport } from "@/testing/things";

import { diagnosersOf, percent, rowsOf } from "./scoreboard";

const { fault } = anExperiment();

function day(status: GameDay["status"], scores: GameDay["scores"]) {
  return { status, drills: [{ name: "cache", fault, repeats: 3 }], scores };
}

function score(run: number, report: DrillReport | null, drill = "cache") {
  return { drill, run, experiment: `${drill}-${run}`, report };
}

const passed = aReport();
const failed = aReport({ grade: { passed: false, cause_correct: false } });

describe("rowsOf", () => {
  it("tells passed, failed, running and waiting apart", () => {
    const [row] = rowsOf(day("running", [score(1, passed), score(2, null)]));
    expect(row?.runs.map(({ outcome }) => outcome)).toEqual(["passed", "running", "waiting"]);
    expect(row?.passed).toEqual({ right: 1, n: 1 });
  });

  it("calls what was never graded aborted once the suite is over", () => {
    const [row] = rowsOf(day("aborted", [score(1, failed), score(2, null)]));
    expect(row?.runs.map(({ outcome }) => outcome)).toEqual(["failed", "aborted", "aborted"]);
    expect(row?.passed).toEqual({ right: 0, n: 1 });
  });

  it("shows runs beyond those that are asked for now, and none of other drills", () => {
    const [row] = rowsOf(day("finished", [score(5, passed), score(1, passed, "other")]));
    expect(row?.runs).toHaveLength(5);
    expect(row?.passed.n).toBe(1);
  });

  it("has no rows for no drills", () => {
    expect(rowsOf({ status: "pending", drills: [], scores: [] })).toEqual([]);
  });
});

describe("percent", () => {
  it("tells no rate of nothing", () => {
    expect(percent({ right: 0, n: 0 })).toBeNull();
    expect(percent({ right: 5, n: 6 })).toBe("83 %");
  });
});

describe("diagnosersOf", () => {
  it("counts each by the runs that it diagnosed", () => {
    const groq = aReport({ provider: "groq", durations: { diagnose: 2, total: 30 } });
    const wrong = aReport({ provider: "groq", grade: { cause_correct: false }, durations: { diagnose: 4 } });
    const found = diagnosersOf([score(1, groq), score(2, wrong), score(3, passed), score(4, null)]);
    expect(found.map(({ provider, causeRight }) => [provider, causeRight])).toEqual([
      ["groq", { right: 1, n: 2 }],
      ["rules", { right: 1, n: 1 }],
    ]);
    expect(found[0]?.diagnose).toMatchObject({ median: 3, n: 2 });
    expect(found[0]?.total).toMatchObject({ median: 30, n: 1 });
    expect(found[1]?.machine).toMatchObject({ median: null, n: 0 });
  });
});
