import { describe, expect, it } from "vitest";

import { anExperiment } from "@/testing/things";

import { effectsOf, healedWord, listRuns, readFilter, systemsOf, tookSeconds } from "./runs";

const at = "2026-01-01T12:00:00Z";

describe("readFilter", () => {
  it("takes what it knows and nothing else", () => {
    expect(readFilter(new URLSearchParams("status=active&fault=DiskFill"))).toEqual({
      status: "active",
      fault: "DiskFill",
    });
    expect(readFilter(new URLSearchParams("status=toString&fault=<script>"))).toEqual({ status: null, fault: null });
  });
});

describe("listRuns", () => {
  const runs = [
    anExperiment({ name: "old", created_at: "2026-01-01T10:00:00Z", status: "recovered" }),
    anExperiment({ name: "new", created_at: "2026-01-01T11:00:00Z" }),
    anExperiment({ name: "unknown", created_at: null }),
  ];
  const names = (filter: Parameters<typeof listRuns>[1]): string[] => listRuns(runs, filter).map(({ name }) => name);

  it("puts the newest first, and what has no time last", () => {
    expect(names({ status: null, fault: null })).toEqual(["new", "old", "unknown"]);
  });

  it("filters by both", () => {
    expect(names({ status: "recovered", fault: "RedisMemory" })).toEqual(["old"]);
    expect(names({ status: "recovered", fault: "DiskFill" })).toEqual([]);
  });
});

describe("systemsOf", () => {
  const asked = anExperiment();
  it("falls back to what was asked for", () => {
    expect(systemsOf(asked)).toBe("redis-test");
    const selector = { match_labels: { tier: "cache" } };
    expect(systemsOf({ ...asked, target: { system_ref: null, selector, mode: "all", value: null } })).toBe(
      "all with tier=cache",
    );
    expect(systemsOf({ ...asked, target: { system_ref: null, selector: null, mode: "one", value: null } })).toBe("");
  });
});

describe("tookSeconds", () => {
  it("is not known before the end", () => {
    expect(tookSeconds(anExperiment({ injected_at: at, recovered_at: null }))).toBeNull();
    expect(tookSeconds(anExperiment({ injected_at: at, recovered_at: "2026-01-01T12:00:09Z" }))).toBe(9);
  });
});

describe("healedWord", () => {
  it.each([
    ["abort", "OperatorRestarted", "an operator restart"],
    ["abort", "KillSwitch", "the kill switch"],
    ["abort", "Suspended", "a stop"],
    ["abort", "toString", "a stop"],
    ["plan", "KillSwitch", "a plan"],
    [null, "Active", null],
  ] as const)("says of %s and %s: %s", (healedBy, reason, word) => {
    expect(healedWord({ healed_by: healedBy, reason })).toBe(word);
  });
});

describe("effectsOf", () => {
  it("puts what moved first, and tells unknown and unmoved apart", () => {
    const effects = effectsOf(
      anExperiment({
        baseline: [
          { system: "a", signal: "canary", health: 100, at },
          { system: "a", signal: "memory", health: 97, at },
        ],
        observed_effect: [
          { system: "a", signal: "memory", health: 10, at },
          { system: "b", signal: "memory", health: null, at },
        ],
      }),
    );
    expect(effects).toEqual([
      { system: "a", signal: "memory", before: 97, under: 10 },
      { system: "b", signal: "memory", before: null, under: null },
      { system: "a", signal: "canary", before: 100, under: undefined },
    ]);
  });
});
