import { describe, expect, it } from "vitest";

import { anAnalysis, anExperiment, anIncident, thingsOf } from "@/testing/things";

import { countOverTime } from "./buckets";
import { collectCases } from "./cases";
import { toCsv } from "./csv";
import { DEFAULTS, type Filters, readFilters, writeFilters } from "./filters";

describe("filters in the address", () => {
  it("are as usual in an empty one", () => {
    expect(readFilters(new URLSearchParams())).toEqual(DEFAULTS);
    expect(writeFilters(new URLSearchParams("guide="), DEFAULTS).toString()).toBe("guide=");
  });

  it("come back as they were written", () => {
    const filters: Filters = { range: "7d", severity: "P0", team: "a & b", system: "x", type: null, drills: "only" };
    expect(readFilters(writeFilters(new URLSearchParams(), filters))).toEqual(filters);
  });

  it("are left out where they mean nothing", () => {
    expect(readFilters(new URLSearchParams("range=9y&severity=P9&type=x&drills=maybe"))).toEqual(DEFAULTS);
  });
});

describe("countOverTime", () => {
  const now = Date.parse("2026-01-31T12:00:00Z");
  const minute = 60_000;

  it("has twelve buckets in an hour, up to now", () => {
    const buckets = countOverTime([now, now - minute, now - 6 * minute, now - 61 * minute], "1h", now);
    expect(buckets.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    expect(buckets[0]?.from).toBe(now - 60 * minute);
    expect(buckets.at(-1)?.to).toBe(now);
  });

  it("covers all of the past with few buckets, and loses none", () => {
    const times = [now - 400 * 24 * 60 * minute, now - minute, now];
    const buckets = countOverTime(times, "all", now);
    expect(buckets.length).toBeLessThanOrEqual(31);
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(3);
    expect(buckets[0]?.count).toBe(1);
  });

  it("is empty where there is nothing", () => {
    expect(countOverTime([], "all", now)).toEqual([{ from: now - minute, to: now, count: 0 }]);
  });
});

describe("toCsv", () => {
  const row = (title: string): string => {
    const things = thingsOf({
      incidents: [anIncident({ message: title, analysis: anAnalysis() })],
      experiments: [anExperiment({ incidents: ["inc-1"] })],
    });
    const { cases } = collectCases(things, { ...DEFAULTS, range: "all" }, Date.now());
    return toCsv(cases).split("\r\n").slice(1).join("\r\n");
  };

  it("ends each line as it has to, with as many cells as names", () => {
    const lines = (toCsv([]) + row("plain")).split("\r\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]?.split(",")).toHaveLength(lines[0]?.split(",").length ?? 0);
    expect(lines[1]).toContain(",plain,");
  });

  it.each([
    ['say "no"', '"say ""no"""'],
    ["a,b", '"a,b"'],
    ["two\nlines", '"two\nlines"'],
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+1", "'+1"],
    ["-1+1", "'-1+1"],
    ["@SUM(1)", "'@SUM(1)"],
    ["\t=1", "'\t=1"],
    ['=1,"x"', `"'=1,""x"""`],
  ])("%j", (title, cell) => {
    expect(row(title)).toContain(`,${cell},`);
  });
});
