import { describe, expect, it } from "vitest";

import type { StatusHistoryEntry, TimelineEntry } from "@/api/types";
import { anIncident, aPlan } from "@/testing/things";

import { machinesOf, pickEntries, toMoves } from "./timeline";
import { entryWord } from "./words";

function anEntry(second: number, actor: string, type = "Diagnosed"): TimelineEntry {
  return { at: new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString(), actor, type, detail: "" };
}

describe("pickEntries", () => {
  const machines = machinesOf(anIncident(), [aPlan({ author: "groq" })]);
  const entries = [
    anEntry(1, "detector"),
    anEntry(2, "groq"),
    anEntry(3, "sre"),
    anEntry(3, "operator", "MovedFixing"),
  ];

  it("shows the newest first, and of one instant the last that was written", () => {
    expect(pickEntries(entries, "everybody", machines).map(({ actor }) => actor)).toEqual([
      "operator",
      "sre",
      "groq",
      "detector",
    ]);
  });

  it("tells people from machines", () => {
    expect(pickEntries(entries, "people", machines).map(({ actor }) => actor)).toEqual(["sre"]);
    expect(pickEntries(entries, "operator", machines)).toHaveLength(3);
    const others = [anEntry(1, ""), anEntry(2, "system:serviceaccount:incidentsim-system:operator")];
    expect(pickEntries(others, "people", machines)).toEqual([]);
  });
});

describe("toMoves", () => {
  it("says how long it stayed in the column before, where that is known", () => {
    const move = (second: number): StatusHistoryEntry => ({
      from_status: null,
      to_status: "triage",
      changed_at: anEntry(second, "").at,
      actor: "sre",
      reason: "",
    });
    expect(toMoves([move(10), move(14), move(12)]).map(({ seconds }) => seconds)).toEqual([null, 4, null]);
  });
});

describe("entryWord", () => {
  it.each([
    ["MovedFixing", "Moved to Fixing"],
    ["RedisEvictPrefix", "Delete the keys with a prefix"],
    ["PlanProposed", "Plan proposed"],
    ["Moved", "Moved"],
    ["constructor", "Constructor"],
  ])("says %s as %s", (type, word) => {
    expect(entryWord(type)).toBe(word);
  });
});
