import { describe, expect, it } from "vitest";

import { aSystem } from "@/testing/things";

import { canaryTime, describeMetrics, healthText, staleFor, standing, toneOf } from "./measures";
import { readHistory } from "./readHistory";

describe("describeMetrics", () => {
  it("tells numbers in words and units", () => {
    const metrics = { used_bytes: 13_000_000, max_bytes: 67_108_864 };
    expect(describeMetrics({ name: "memory", health: 80, message: "", metrics })).toEqual([
      ["Used", "12.4 MiB"],
      ["Limit", "64 MiB"],
    ]);
  });

  it("tells what it does not know as it is called", () => {
    expect(describeMetrics({ name: "locks", health: null, message: "", metrics: { deep_queue: 3 } })).toEqual([
      ["Deep queue", "3"],
    ]);
  });
});

describe("units", () => {
  it("tells the canary's time of the latency only, and only where it is known", () => {
    const signal = { health: 100, message: "", metrics: { milliseconds: 3.2 } };
    expect(canaryTime({ ...signal, name: "latency" })).toBe("3.2 ms");
    expect(canaryTime({ ...signal, name: "canary" })).toBeNull();
    expect(canaryTime({ ...signal, name: "latency", metrics: {} })).toBeNull();
  });
});

describe("what is not measured", () => {
  it("is neither 0 nor bad", () => {
    expect(healthText(null)).toBe("–");
    expect(toneOf(null, 50)).toBe("neutral");
    expect(standing(aSystem({ health: null }))?.word).toBe("Not measured");
  });

  it("is told apart from 0 and from unreachable", () => {
    expect(healthText(0)).toBe("0");
    expect(toneOf(0, 50)).toBe("danger");
    expect(standing(aSystem({ health: null, status: "unreachable" }))?.word).toBe("Unreachable");
    expect(standing(aSystem({ health: 0, will_trigger_incident: true }))?.word).toBe("Broken");
    expect(standing(aSystem({ health: 99 }))).toBeNull();
  });
});

describe("toneOf", () => {
  it("counts the threshold itself as not broken", () => {
    expect([49.9, 50, 64.9, 65].map((health) => toneOf(health, 50))).toEqual(["danger", "warn", "warn", "ok"]);
  });
});

describe("staleFor", () => {
  const now = Date.parse("2026-01-01T12:02:00Z");
  it("is stale after more than 45 s without a measurement", () => {
    expect(staleFor("2026-01-01T12:00:00Z", now)).toBe("2 min");
    expect(staleFor("2026-01-01T12:01:14Z", now)).toBe("46 s");
    expect(staleFor("2026-01-01T12:01:15Z", now)).toBeNull();
  });
  it("does not guess before the first one", () => {
    expect(staleFor(null, now)).toBeNull();
    expect(staleFor("not a time", now)).toBeNull();
  });
});

describe("readHistory", () => {
  it("leaves out what is no time with a health", () => {
    const at = "2026-01-01T12:00:00Z";
    const told = { a: { memory: [[at, 97], [at, null], [at, "97"], ["yesterday", 5], []] }, b: {} };
    expect(readHistory(told)).toEqual({
      a: {
        memory: [
          [at, 97],
          [at, null],
        ],
      },
      b: {},
    });
  });
});
