import { describe, expect, it } from "vitest";

import { anIncident } from "@/testing/things";

import { filterEntries, findIncidents, MOST } from "./find";

const incident = (n: number, changes: Parameters<typeof anIncident>[0] = {}) =>
  anIncident({
    name: `inc-${n}`,
    number: `INC-${String(n).padStart(4, "0")}`,
    created_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    ...changes,
  });

const numbers = (query: string, ...incidents: ReturnType<typeof incident>[]) =>
  findIncidents(incidents, query).incidents.map(({ number }) => number);

describe("findIncidents", () => {
  it("finds nothing before a word is typed", () => {
    expect(findIncidents([incident(1)], "  ")).toEqual({ incidents: [], total: 0 });
  });

  it.each(["checkout", "PAYMENTS", "disk-monitor", "inc-0007", "7", "checkout pay"])("finds by %s", (query) => {
    const wanted = incident(7, { message: "Checkout is slow", team: "payments", affected_systems: ["disk-monitor"] });
    expect(numbers(query, incident(1), wanted, incident(2))).toEqual(["INC-0007"]);
  });

  it("wants every word", () => {
    expect(numbers("checkout nowhere", incident(7, { message: "Checkout is slow" }))).toEqual([]);
  });

  it("puts the number that was typed first, then what is not over, then the newest", () => {
    const rows = [
      incident(420),
      incident(142, { status: "resolved" }),
      incident(421),
      incident(42, { status: "resolved" }),
    ];
    expect(numbers("42", ...rows)).toEqual(["INC-0042", "INC-0421", "INC-0420", "INC-0142"]);
  });

  it("shows a few of many, and says of how many", () => {
    const many = Array.from({ length: 10_000 }, (_, n) => incident(n));
    const found = findIncidents(many, "platform");
    expect(found.total).toBe(10_000);
    expect(found.incidents).toHaveLength(MOST);
    expect(found.incidents[0]?.number).toBe("INC-9999");
  });

  it("takes what is typed as text, not as a pattern", () => {
    expect(numbers(".*", incident(1))).toEqual([]);
    expect(numbers("[", incident(1, { message: "[bracket" }))).toEqual(["INC-0001"]);
  });
});

describe("filterEntries", () => {
  const entries = [
    { id: "a", title: "Show only P0", words: "critical" },
    { id: "b", title: "Theme: dark" },
    { id: "c", title: "Dark matter", hint: "a theme of its own" },
  ];

  it("keeps all without a word", () => {
    expect(filterEntries(entries, "")).toBe(entries);
  });

  it("looks at titles, hints and words, and puts titles that begin so first", () => {
    expect(filterEntries(entries, "dark").map(({ id }) => id)).toEqual(["c", "b"]);
    expect(filterEntries(entries, "critical").map(({ id }) => id)).toEqual(["a"]);
    expect(filterEntries(entries, "theme dark").map(({ id }) => id)).toEqual(["b", "c"]);
  });
});
