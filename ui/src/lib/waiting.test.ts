import { describe, expect, it } from "vitest";

import type { Incident, Plan } from "@/api/types";
import { anIncident, aPlan } from "@/testing/things";

import { secondsOf, waitsOf } from "./waiting";

const START = Date.parse("2026-01-31T12:00:00Z");
const at = (second: number): string => new Date(START + second * 1000).toISOString();

/** Detected at second 0, diagnosed at 5; resolved at 1000, unless that is changed to null. */
function waits(
  plans: readonly Plan[],
  changes: Partial<Omit<Incident, "timestamps">> = {},
  stamps: Partial<Incident["timestamps"]> = {},
): readonly (readonly [number, number])[] {
  const timestamps = { detected_at: at(0), diagnosed_at: at(5), resolved_at: at(1000), ...stamps };
  const status = timestamps.resolved_at === null ? "investigating" : "resolved";
  const found = waitsOf(anIncident({ status, ...changes, timestamps }), plans, START + 2_000_000);
  return found.map(({ from, to }) => [(from - START) / 1000, (to - START) / 1000]);
}

function decided(approved: boolean, second: number, fields: Partial<Plan>): Plan {
  const decision = { approved, at: at(second), by: "ann", plan_hash: "", reason: "", via: "api" };
  return aPlan({ status: approved ? "completed" : "rejected", decision, updated_at: at(999), ...fields });
}

describe("waitsOf", () => {
  it("is from the plan to its approval", () => {
    expect(waits([decided(true, 130, { created_at: at(10) })])).toEqual([[10, 130]]);
  });

  it("begins with the plan to the part of a second, where the incident knows that", () => {
    const plan = decided(true, 130, { created_at: at(10) });
    expect(waits([plan], {}, { plan_proposed_at: at(10.7) })).toEqual([[10.7, 130]]);
  });

  it("is from the plan to its rejection, where the second plan follows at once", () => {
    const plans = [decided(false, 60, { created_at: at(10) }), decided(true, 80, { name: "two", created_at: at(60) })];
    expect(waits(plans)).toEqual([[10, 80]]);
  });

  it("goes on from a rejection until a person asks for the second plan, and to its approval", () => {
    const plans = [
      decided(true, 420, { name: "two", created_at: at(300) }),
      decided(false, 60, { name: "one", created_at: at(10) }),
    ];
    expect(waits(plans)).toEqual([[10, 420]]);
    // Where nobody is called, whoever asks for plans by hand is not waited for.
    expect(waits(plans, { remediation_mode: "manual" })).toEqual([
      [10, 60],
      [300, 420],
    ]);
  });

  it("is until now while a plan waits", () => {
    const plan = aPlan({ created_at: at(10) });
    expect(waits([plan], {}, { resolved_at: null })).toEqual([[10, 2000]]);
  });

  it("ends where a plan expired, not where it was edited last", () => {
    const plan = aPlan({ status: "expired", created_at: at(10), expires_at: at(610), updated_at: at(990) });
    expect(waits([plan])).toEqual([[10, 610]]);
    expect(waits([plan], { escalated: "nobody decided on the plan in time" })).toEqual([[10, 1000]]);
  });

  it("ends where a plan was superseded, at the latest with the incident", () => {
    expect(waits([aPlan({ status: "superseded", created_at: at(10), updated_at: at(70) })])).toEqual([[10, 70]]);
    expect(waits([aPlan({ status: "superseded", created_at: at(10), updated_at: at(1001) })])).toEqual([[10, 1000]]);
  });

  it("is from the call for a person to the end, where it recovered by itself", () => {
    const called = { escalated: "the cause is undetermined", resolved_reason: "SelfRecovered" };
    expect(waits([], called)).toEqual([[5, 1000]]);
    expect(waits([decided(false, 60, { created_at: at(10) })], called)).toEqual([[10, 1000]]);
    expect(waits([decided(true, 60, { created_at: at(10), status: "failed", updated_at: at(90) })], called)).toEqual([
      [10, 60],
      [90, 1000],
    ]);
  });

  it("is nothing without a plan and without a call", () => {
    expect(waits([])).toEqual([]);
    expect(waits([aPlan({ status: "proposed", created_at: at(10) })])).toEqual([]);
    expect(waits([aPlan({ status: "failed", created_at: at(10) })])).toEqual([]);
  });

  it("goes by the incident's own times where its plan is gone", () => {
    expect(waits([], {}, { plan_proposed_at: at(10), approved_at: at(40) })).toEqual([[10, 40]]);
  });

  it("counts plans that wait side by side once", () => {
    const plans = [decided(true, 100, { created_at: at(10) }), decided(true, 150, { name: "b", created_at: at(50) })];
    expect(waits(plans)).toEqual([[10, 150]]);
  });

  it("leaves out the plans of before it was reopened, and what is no time", () => {
    expect(waits([decided(false, -50, { created_at: at(-100) })])).toEqual([]);
    expect(waits([decided(true, 60, { created_at: "soon" }), aPlan({ created_at: null })])).toEqual([]);
  });
});

it("adds up", () => {
  expect(
    secondsOf([
      { from: 0, to: 1500 },
      { from: 2000, to: 2500 },
    ]),
  ).toBe(2);
});
