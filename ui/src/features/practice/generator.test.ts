import { describe, expect, it } from "vitest";

import type { GeneratorStatus } from "@/api/types";

import { describeGenerator } from "./generator";

const now = Date.parse("2026-01-01T12:00:00Z");
const status: GeneratorStatus = {
  namespace: "drills",
  running: true,
  generated: 3,
  last_incident: "practice-3",
  next_at: "2026-01-01T12:01:30Z",
  min_interval_seconds: 120,
  max_interval_seconds: 300,
  max_open: 20,
  message: "",
};

describe("describeGenerator", () => {
  it("tells the pace, and when the next one comes", () => {
    expect(describeGenerator(status, now)).toBe(
      "One every 2 min to 5 min, while fewer than 20 are open. The next one in 1 min 30 s",
    );
    expect(describeGenerator({ ...status, running: false, max_interval_seconds: 120 }, now)).toBe(
      "One every 2 min, while fewer than 20 are open",
    );
  });

  it("says what it waits for where no time is known, and does not count below zero", () => {
    const waiting = { ...status, next_at: null, message: "20 are open." };
    expect(describeGenerator(waiting, now)).toMatch(/20 are open\.$/);
    expect(describeGenerator({ ...status, next_at: "2026-01-01T11:00:00Z" }, now)).toMatch(/is due$/);
    expect(describeGenerator({ ...waiting, next_at: "soon" }, now)).toMatch(/20 are open\.$/);
  });
});
