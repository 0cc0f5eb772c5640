import { describe, expect, it } from "vitest";

import type { Action, ActionResult } from "@/api/types";
import { aPlan, NO_PARAMS } from "@/testing/things";

import { compareEvidence, toSteps } from "./steps";

function anAction(id: string): Action {
  return {
    id,
    type: "RedisEvictPrefix",
    system: "redis-test",
    params: { ...NO_PARAMS, prefix: "session:" },
    risk: "Medium",
    expected_impact: "",
    reversible: false,
  };
}

function aResult(fields: Partial<ActionResult>): ActionResult {
  return {
    id: "a",
    type: "RedisEvictPrefix",
    rolled_back: null,
    started_at: "2026-01-01T12:00:00Z",
    ended_at: "2026-01-01T12:00:01Z",
    succeeded: true,
    output: "",
    before: {},
    after: {},
    ...fields,
  };
}

describe("toSteps", () => {
  it("tells what is done, what runs and what is to come", () => {
    const plan = aPlan({
      status: "executing",
      recommended_actions: [anAction("a"), anAction("b"), anAction("c")],
      executed_actions: [aResult({ id: "a" }), aResult({ id: "b", ended_at: null, succeeded: false })],
    });
    expect(toSteps(plan).map(({ state }) => state)).toEqual(["done", "running", "pending"]);
  });

  it("does not say that a step of a plan that is over will run, or runs", () => {
    const plan = aPlan({
      status: "failed",
      recommended_actions: [anAction("a"), anAction("b"), anAction("c")],
      executed_actions: [aResult({ id: "a", succeeded: false }), aResult({ id: "b", ended_at: null })],
    });
    expect(toSteps(plan).map(({ state }) => state)).toEqual(["failed", "failed", "skipped"]);
  });
});

describe("compareEvidence", () => {
  it("marks the numbers that changed, with the difference", () => {
    const rows = compareEvidence(
      aResult({ before: { prefix: "a:", matchingKeys: 1445 }, after: { prefix: "a:", matchingKeys: 0 } }),
    );
    expect(rows).toEqual([
      { name: "Prefix", before: "a:", after: "a:", hasChanged: false, change: null },
      { name: "Matching keys", before: "1\u2009445", after: "0", hasChanged: true, change: "\u22121\u2009445" },
    ]);
  });

  it("invents nothing where nothing was read", () => {
    const rows = compareEvidence(aResult({ ended_at: null, before: { keys: 3 }, after: {} }));
    expect(rows).toEqual([{ name: "Keys", before: "3", after: null, hasChanged: false, change: null }]);
  });

  it("survives values of any kind", () => {
    const rows = compareEvidence(aResult({ before: { a: null, b: [1, { c: 2 }], d: 1.5 }, after: { a: 0, d: -2000 } }));
    expect(rows.map(({ before, after }) => [before, after])).toEqual([
      ["unknown", "0"],
      ['[1,{"c":2}]', "not read"],
      ["1.5", "-2\u2009000"],
    ]);
  });
});
