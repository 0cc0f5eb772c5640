import { describe, expect, it } from "vitest";

import type { Incident } from "@/api/types";
import type { Things } from "@/live/state";
import { anAnalysis, anExperiment, anIncident, aPlan, aReport, thingsOf } from "@/testing/things";

import { analyse, NO_TEAM, NOT_KNOWN } from "./analyse";
import { DEFAULTS, type Filters } from "./filters";

const NOW = Date.parse("2026-01-31T13:00:00Z");
const at = (second: number): string => new Date(Date.parse("2026-01-31T12:00:00Z") + second * 1000).toISOString();

/** Noticed at second 0; all else in seconds from there. */
interface Line {
  readonly breached?: number;
  readonly acknowledged?: number;
  readonly proposed?: number;
  readonly approved?: number;
  readonly resolved?: number;
}

function incident(name: string, line: Line, changes: Partial<Omit<Incident, "timestamps">> = {}): Incident {
  const stamp = (second: number | undefined): string | null => (second === undefined ? null : at(second));
  return anIncident({
    name,
    ...(line.resolved === undefined ? {} : { status: "resolved", resolved_reason: "Verified" }),
    ...changes,
    timestamps: {
      breached_at: stamp(line.breached),
      detected_at: at(0),
      acknowledged_at: stamp(line.acknowledged),
      plan_proposed_at: stamp(line.proposed),
      approved_at: stamp(line.approved),
      resolved_at: stamp(line.resolved),
    },
  });
}

const look = (things: Things, filters: Partial<Filters> = {}) =>
  analyse(things, { ...DEFAULTS, ...filters }, NOW, null);

/** Three that are over, one that goes on, one merged and one false alarm. */
const six = [
  incident("a", { breached: -4, acknowledged: 12, proposed: 2, approved: 12, resolved: 30 }),
  incident(
    "b",
    { breached: -2, acknowledged: 20, proposed: 5, approved: 20, resolved: 60 },
    { team: "data", relapses: 2 },
  ),
  incident("c", { resolved: 90 }, { affected_systems: ["redis-test", "disk-monitor"] }),
  incident("d", { breached: -1 }),
  incident("e", { resolved: 7, acknowledged: 3 }, { resolved_reason: "MergedInto", merged_into: "a" }),
  incident("f", { resolved: 8 }, { resolved_reason: "FalseAlarm" }),
];

describe("times", () => {
  const analysis = look(thingsOf({ incidents: six }));

  it("measures from the breach where nobody injected anything", () => {
    expect(analysis.detect).toEqual({ n: 3, median: 2, p90: null });
    expect(analysis.detectFromInjection).toBe(0);
  });

  it("leaves out of MTTA what was not acknowledged", () => {
    expect(analysis.acknowledge).toEqual({ n: 3, median: 12, p90: null });
  });

  it("leaves out of MTTR what goes on, was merged or was none", () => {
    expect(analysis.resolve).toEqual({ n: 3, median: 60, p90: null });
    expect(analysis.leftOut).toEqual({ open: 1, merged: 1, "false-alarm": 1 });
  });

  it("splits what was resolved into machine and human", () => {
    // waited: 10, 15 and 0 of 30, 60 and 90 seconds
    expect(analysis.split).toEqual({ n: 3, waited: 2, human: 25 / 3, machine: 155 / 3 });
  });

  it("counts the wait for a person also where a plan was rejected and nobody came", () => {
    const decision = { approved: false, at: at(10), by: "ann", plan_hash: "", reason: "no", via: "api" };
    const plans = [aPlan({ incident_name: "a", status: "rejected", created_at: at(2), decision })];
    const incidents = [
      incident("a", { proposed: 2, resolved: 30 }, { escalated: "a person rejected the plan" }),
      incident("b", { resolved: 20 }),
    ];
    expect(look(thingsOf({ incidents, plans })).split).toEqual({ n: 2, waited: 1, human: 14, machine: 11 });
  });

  it("measures from the injection where an experiment is known, or from an earlier breach", () => {
    const incidents = [incident("a", { breached: -4 }), incident("b", { breached: -4 })];
    const experiments = [
      anExperiment({ name: "one", incidents: ["a"], started_at: at(-20), injected_at: at(-1) }),
      anExperiment({ name: "two", incidents: ["b"], started_at: at(-20), injected_at: at(-9) }),
    ];
    const found = look(thingsOf({ incidents, experiments }));
    expect(found.detect).toEqual({ n: 2, median: 6.5, p90: null });
    expect(found.detectFromInjection).toBe(1);
  });

  it("takes the experiment of the last breach where one was reopened", () => {
    const experiments = [
      anExperiment({ name: "old", incidents: ["a"], started_at: at(-500), injected_at: at(-490) }),
      anExperiment({ name: "last", incidents: ["a"], started_at: at(-8), injected_at: at(-3) }),
      anExperiment({ name: "later", incidents: ["a"], started_at: at(40), injected_at: at(41) }),
      anExperiment({ name: "foreign", incidents: ["a"], started_at: at(-1), injected_at: at(-1), namespace: "else" }),
    ];
    const found = look(thingsOf({ incidents: [incident("a", {})], experiments }));
    expect(found.detect).toEqual({ n: 1, median: 3, p90: null });
  });

  it("gives a p90 from ten on", () => {
    const many = Array.from({ length: 10 }, (_, n) => incident(`i${n}`, { resolved: (n + 1) * 10 }));
    expect(look(thingsOf({ incidents: many })).resolve).toEqual({ n: 10, median: 55, p90: 91 });
    expect(look(thingsOf({ incidents: many.slice(1) })).resolve.p90).toBeNull();
  });

  it("takes no time to be less than none, nor the wait to be longer than the whole", () => {
    const odd = incident("a", { breached: 5, acknowledged: -3, proposed: 0, approved: 50, resolved: 20 });
    const found = look(thingsOf({ incidents: [odd] }));
    expect(found.detect.median).toBe(0);
    expect(found.acknowledge.median).toBe(0);
    expect(found.split).toMatchObject({ human: 20, machine: 0 });
  });

  it("knows nothing of nothing", () => {
    const nothing = look(thingsOf({}));
    expect(nothing).toMatchObject({ cases: [], split: null, byTeam: [], diagnosers: [], graded: 0, sla: null });
    expect(nothing.resolve).toEqual({ n: 0, median: null, p90: null });
  });
});

describe("filters", () => {
  const drill = incident("drill", { resolved: 10 });
  const real = incident("real", { resolved: 20 }, { severity: "P0", team: "data" });
  const practice = incident("practice", { resolved: 30 }, { incident_type: "synthetic" });
  const long = anIncident({ name: "long", timestamps: { detected_at: "2026-01-01T00:00:00Z" } });
  const things = thingsOf({
    incidents: [drill, real, practice, long],
    experiments: [anExperiment({ incidents: ["drill"] })],
  });

  it.each<[Partial<Filters>, string[]]>([
    [{}, ["drill", "real"]],
    [{ type: null }, ["drill", "real", "practice"]],
    [{ drills: "only" }, ["drill"]],
    [{ drills: "none" }, ["real"]],
    [{ severity: "P0" }, ["real"]],
    [{ team: "data" }, ["real"]],
    [{ system: "disk-monitor" }, []],
    [{ range: "30d" }, ["drill", "real"]],
    [{ range: "all" }, ["drill", "real", "long"]],
  ])("%j", (filters, names) => {
    expect(look(things, filters).cases.map((each) => each.incident.name)).toEqual(names);
  });
});

describe("groups", () => {
  const analysis = look(thingsOf({ incidents: six }));

  it("counts by team, most first", () => {
    expect(analysis.byTeam.map(({ name, n, relapses }) => [name, n, relapses])).toEqual([
      ["platform", 5, 0],
      ["data", 1, 2],
    ]);
    expect(analysis.byTeam[0]?.resolve).toEqual({ n: 2, median: 60, p90: null });
  });

  it("counts one with two systems for each of them", () => {
    expect(analysis.bySystem.map(({ name, n }) => [name, n])).toEqual([
      ["redis-test", 6],
      ["disk-monitor", 1],
    ]);
  });

  it("goes by the injected fault, else by the diagnosed one, else by none", () => {
    const incidents = [
      incident("a", {}, { analysis: anAnalysis({ root_cause: { fault_type: "DiskFill", system: "" } }) }),
      incident("b", {}, { analysis: anAnalysis({ root_cause: { fault_type: "DiskFill", system: "" } }) }),
      incident("c", {}, { team: "" }),
    ];
    const experiments = [anExperiment({ incidents: ["a"] })];
    const found = look(thingsOf({ incidents, experiments }));
    expect(found.byFault.map(({ name }) => name)).toEqual(["Disk full", NOT_KNOWN, "Redis memory full"]);
    expect(found.byTeam.map(({ name }) => name)).toEqual(["platform", NO_TEAM]);
  });
});

describe("grades", () => {
  const right = aReport({ incident: "a" });
  const wrong = aReport({ incident: "b", grade: { cause_correct: false, passed: false } });
  const unnoticed = aReport({ incident: "", grade: { detected: false, passed: false } });
  const things = thingsOf({
    incidents: [
      incident("a", {}, { analysis: anAnalysis({ confidence: 90 }) }),
      incident("b", {}, { analysis: anAnalysis({ confidence: 60 }), team: "data" }),
      incident("c", {}, { analysis: anAnalysis({ confidence: 10, diagnosis_provider: "groq" }) }),
    ],
    experiments: [
      anExperiment({ name: "one", incidents: ["a"], grade: right }),
      anExperiment({ name: "two", incidents: ["b"], grade: wrong }),
      anExperiment({
        name: "three",
        grade: unnoticed,
        systems: [{ ...TARGET, system: "redis-test" }],
      }),
    ],
  });

  it("counts drills that nobody noticed as not passed", () => {
    const found = look(things);
    expect(found).toMatchObject({ graded: 3, passed: 1, unnoticed: 1 });
    expect(found.byFault).toMatchObject([{ name: "Redis memory full", n: 3, graded: 3, passed: 1 }]);
    expect(found.bySystem).toMatchObject([{ name: "redis-test", n: 3, graded: 3, passed: 1 }]);
    expect(found.byTeam).toMatchObject([
      { name: "platform", graded: 1, passed: 1 },
      { name: "data", graded: 1, passed: 0 },
    ]);
  });

  it("leaves those out where a team is asked for, and others where they are not drills", () => {
    expect(look(things, { team: "data" })).toMatchObject({ graded: 1, passed: 0, unnoticed: 0 });
    expect(look(things, { drills: "none" })).toMatchObject({ graded: 0, unnoticed: 0 });
  });

  it("judges diagnosers by their graded causes", () => {
    expect(look(things).diagnosers).toEqual([
      { provider: "rules", n: 2, graded: 2, right: 1, sureWhenRight: 90, sureWhenWrong: 60 },
      { provider: "groq", n: 1, graded: 0, right: 0, sureWhenRight: null, sureWhenWrong: null },
    ]);
  });
});

const TARGET = {
  uid: "",
  phase: "Recovered" as const,
  attempts: 0,
  injected_at: null,
  last_error: "",
  recovered_at: null,
  residue: 0,
  undo: null,
  system: "",
};

describe("SLA", () => {
  it("counts what was kept, missed, and is late", () => {
    const targets = { P1: { acknowledge_seconds: 10, resolve_seconds: 50 } };
    const found = analyse(thingsOf({ incidents: six }), DEFAULTS, NOW, targets);
    expect(found.sla).toEqual({ kept: 1, missed: 2, late: 1 });
  });
});
