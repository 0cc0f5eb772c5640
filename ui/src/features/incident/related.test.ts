import { describe, expect, it } from "vitest";

import type { Incident } from "@/api/types";
import { anIncident, aPlan, NO_PARAMS } from "@/testing/things";

import { findMergeTargets, findSimilar } from "./related";

const TIMES = anIncident().timestamps;
const ANALYSIS: NonNullable<Incident["analysis"]> = {
  confidence: 90,
  diagnosis: "",
  diagnosis_provider: "rules",
  latency_ms: 1,
  model: "",
  root_cause: { system: "redis-test", fault_type: "RedisMemory" },
  severity: "P1",
  solution: "",
  solution_provider: "rules",
};

function aResolved(id: string, minute: number, fields: Partial<Incident> = {}): Incident {
  const resolved_at = new Date(Date.UTC(2026, 0, 31, 13, minute)).toISOString();
  return anIncident({
    id,
    analysis: ANALYSIS,
    status: "resolved",
    timestamps: { ...TIMES, breached_at: "2026-01-31T13:00:00Z", resolved_at },
    ...fields,
  });
}

describe("findSimilar", () => {
  const incident = anIncident({ id: "me", analysis: ANALYSIS });

  it("finds those of the same cause that are over, newest first, with what fixed them", () => {
    const found = findSimilar(
      incident,
      [
        aResolved("a", 1),
        aResolved("b", 2),
        aResolved("open", 3, { status: "fixing" }),
        aResolved("practice", 4, { incident_type: "synthetic" }),
        aResolved("other", 5, { analysis: { ...ANALYSIS, root_cause: { system: "x", fault_type: "RedisMemory" } } }),
        incident,
      ],
      [
        aPlan({ incident_id: "b", status: "failed" }),
        aPlan({
          incident_id: "a",
          status: "completed",
          recommended_actions: [
            {
              id: "s",
              type: "RedisClearCache",
              system: "redis-test",
              params: NO_PARAMS,
              risk: "High",
              expected_impact: "",
              reversible: false,
            },
          ],
        }),
      ],
    );
    expect(found.map((each) => [each.incident.id, each.actions, each.seconds])).toEqual([
      ["b", [], 120],
      ["a", ["RedisClearCache"], 60],
    ]);
  });

  it("finds none where the cause is not known", () => {
    expect(findSimilar(anIncident(), [aResolved("a", 1)], [])).toEqual([]);
    const unknown = { ...ANALYSIS, root_cause: { system: "redis-test", fault_type: null } };
    expect(findSimilar(anIncident({ analysis: unknown }), [aResolved("a", 1, { analysis: unknown })], [])).toEqual([]);
  });
});

describe("findMergeTargets", () => {
  it("offers open incidents of its namespace, those of its systems first", () => {
    const others = [
      anIncident({ id: "far", affected_systems: ["disk"], message: "Disk full" }),
      anIncident({ id: "near" }),
      anIncident({ id: "over", status: "resolved" }),
      anIncident({ id: "elsewhere", namespace: "other" }),
    ];
    const ids = (wanted: string) => findMergeTargets(anIncident({ id: "me" }), others, wanted).map(({ id }) => id);
    expect(ids("")).toEqual(["near", "far"]);
    expect(ids(" DISK f")).toEqual(["far"]);
  });
});
