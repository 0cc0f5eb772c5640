import { describe, expect, it } from "vitest";

import { label } from "@/lib/keys";
import { anExperiment, anIncident, aScenario, aSystem } from "@/testing/things";

import { type Circumstances, describeScenario, nameOf, obstacleTo, runningBySystem, scenariosFor } from "./breaking";
import { isFolded } from "./collapse";
import { indexOpen, settleOpen } from "./openIncidents";

const FREE: Circumstances = { killSwitch: null, running: [], openIncidents: [] };
const system = aSystem();
const OPEN = { id: "1", number: "INC-0007", name: "inc-7" };

function obstacle(changes: Partial<Circumstances>): string | null {
  return obstacleTo("RedisMemory", system, { ...FREE, ...changes });
}

describe("obstacleTo", () => {
  it("lets a failure begin where nothing stands against it", () => {
    expect(obstacle({})).toBeNull();
    expect(obstacle({ killSwitch: { on: false, by: "", reason: "", since: null } })).toBeNull();
  });

  it("names the kill switch and the protection", () => {
    expect(obstacle({ killSwitch: { on: true, by: "sre", reason: "outage", since: null } })).toContain("kill switch");
    expect(obstacleTo("RedisMemory", aSystem({ protected: true }), FREE)).toContain("protected");
  });

  it("names the fault that is in progress", () => {
    expect(obstacle({ running: [anExperiment()] })).toContain("It is in progress");
    const other = anExperiment({ fault: { ...anExperiment().fault, type: "DiskFill" } });
    expect(obstacle({ running: [other] })).toContain("Disk full");
  });

  it("names the incident that is open for this failure, and lets another signal's be", () => {
    expect(obstacle({ openIncidents: [{ ...OPEN, signals: ["canary", "memory"] }] })).toContain("INC-0007");
    expect(obstacle({ openIncidents: [{ ...OPEN, signals: ["clients"] }] })).toBeNull();
  });

  it("never finds a failure for a control", () => {
    expect(obstacleTo("None", system, { ...FREE, openIncidents: [{ ...OPEN, signals: [] }] })).toBeNull();
  });
});

describe("scenarios", () => {
  it("says what ends a fault", () => {
    expect(describeScenario(aScenario({ duration_seconds: 90 }))).toMatch(/by itself after 1 min 30 s\.$/);
  });

  it("go by their fault, and a second one of the same fault by its own name", () => {
    const slow = aScenario({ name: "network-latency", title: "Network latency", fault_type: "NetworkLatency" });
    const cascade = aScenario({ name: "cascade", title: "Cascade", fault_type: "NetworkLatency" });
    const full = aScenario({ name: "disk-full", title: "Disk full", fault_type: "DiskFill" });
    const all = [cascade, slow, full];
    expect(all.map((scenario) => nameOf(scenario, all))).toEqual(["Cascade", "Slow network", "Disk full"]);
  });

  it("fit a system by name in the namespace where they are made", () => {
    const all = [aScenario(), aScenario({ name: "disk-full", system: "disk-monitor" })];
    expect(scenariosFor(system, all, "drills").map(({ name }) => name)).toEqual(["redis-memory"]);
    expect(scenariosFor(aSystem({ namespace: "other" }), all, "drills")).toEqual([]);
    const other = aSystem({ capabilities: { faults: ["SystemDown"], remedies: [] } });
    expect(scenariosFor(other, all, "drills")).toEqual([]);
  });
});

describe("runningBySystem", () => {
  it("finds what is in progress by the systems that were chosen, or asked for", () => {
    const target = { uid: "u", phase: "Active", attempts: 0, last_error: "", residue: null, undo: null } as const;
    const chosen = anExperiment({
      name: "chosen",
      systems: [{ ...target, system: "a", injected_at: null, recovered_at: null }],
    });
    const asked = anExperiment({ name: "asked", status: "pending" });
    const over = anExperiment({ name: "over", status: "recovered" });
    const lost = anExperiment({ target: { ...asked.target, system_ref: null } });
    const found = runningBySystem([chosen, asked, over, lost]);
    expect([...found].map(([key, list]) => [key, list.map(({ name }) => name)])).toEqual([
      ["drills/a", ["chosen"]],
      ["drills/redis-test", ["asked"]],
    ]);
  });
});

describe("open incidents", () => {
  it("are indexed by every affected system, newest first, without practice and what is resolved", () => {
    const index = indexOpen([
      anIncident({ name: "a", number: "INC-0009" }),
      anIncident({ name: "b", number: "INC-0010", affected_systems: ["redis-test", "x"] }),
      anIncident({ name: "c", status: "resolved" }),
      anIncident({ name: "d", incident_type: "synthetic" }),
      anIncident({ name: "e", number: "" }),
    ]);
    expect(index.get("drills/redis-test")?.map(label)).toEqual(["INC-0010", "INC-0009", "e"]);
    expect(index.get("drills/x")).toHaveLength(1);
  });

  it("stay the same object while nothing about them changed", () => {
    const read = settleOpen();
    const incident = anIncident();
    const first = read(new Map([["1", incident]]));
    expect(read(new Map([["1", { ...incident, notes: "seen" }]]))).toBe(first);
    expect(read(new Map([["1", { ...incident, status: "resolved" }]])).size).toBe(0);
  });
});

describe("isFolded", () => {
  it("follows the room there is until somebody chooses", () => {
    expect([isFolded(null, 3, false), isFolded(null, 7, false), isFolded(null, 3, true)]).toEqual([false, true, true]);
    expect([isFolded("open", 70, true), isFolded("folded", 1, false)]).toEqual([false, true]);
    expect(isFolded("nonsense", 3, false)).toBe(false);
  });
});
