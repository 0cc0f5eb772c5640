import { describe, expect, it } from "vitest";

import { anIncident } from "@/testing/things";

import { judgeSla } from "./sla";

const TARGETS = { P1: { acknowledge_seconds: 600, resolve_seconds: 3600 } };
const START = Date.parse("2026-01-31T12:00:00Z");
const open = anIncident();
const seen = anIncident({ timestamps: { ...open.timestamps, acknowledged_at: "2026-01-31T12:05:00Z" } });
const over = (resolved_at: string) =>
  anIncident({ status: "resolved", timestamps: { ...open.timestamps, resolved_at } });

describe("the SLA", () => {
  it.each([
    [open, 0, "acknowledge", "running", 600],
    [open, 451, "acknowledge", "soon", 149],
    [open, 601, "acknowledge", "breached", -1],
    [seen, 601, "resolve", "running", 2999],
    [seen, 3601, "resolve", "breached", -1],
    [over("2026-01-31T12:59:00Z"), 99_999, "resolve", "kept", 60],
    [over("2026-01-31T13:00:01Z"), 99_999, "resolve", "missed", -1],
  ] as const)("of %#", (incident, after, clock, state, left) => {
    expect(judgeSla(incident, TARGETS, START + after * 1000)).toMatchObject({ clock, state, left });
  });

  it("is not known without a severity, a target or a time", () => {
    expect(judgeSla(anIncident({ severity: null }), TARGETS, START)).toBeNull();
    expect(judgeSla(anIncident({ severity: "P3" }), TARGETS, START)).toBeNull();
    const timeless = anIncident({ created_at: null, timestamps: { ...open.timestamps, detected_at: null } });
    expect(judgeSla(timeless, TARGETS, START)).toBeNull();
  });
});
