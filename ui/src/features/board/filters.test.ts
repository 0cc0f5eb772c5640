import { describe, expect, it } from "vitest";

import { anIncident } from "@/testing/things";

import { arrange, collectChoices, isFiltering, readFilters } from "./filters";

const read = (search: string) => readFilters(new URLSearchParams(search));
const shown = (search: string, ...incidents: ReturnType<typeof anIncident>[]) =>
  arrange(incidents, new Map(), read(search), "ada").triage.map((incident) => incident.id);

describe("filters", () => {
  const redis = anIncident({ id: "redis", severity: "P0", team: "cache", assignee: "ada", number: "INC-0007" });
  const disk = anIncident({
    id: "disk",
    severity: null,
    team: "storage",
    source: "disk-monitor",
    affected_systems: ["disk-monitor"],
    incident_type: "synthetic",
    message: "Volume <full>",
  });

  it.each([
    ["", ["redis", "disk"]],
    ["severity=P0", ["redis"]],
    ["severity=P0&severity=P1", ["redis"]],
    ["severity=P9", ["redis", "disk"]],
    ["team=storage", ["disk"]],
    ["team=storage&severity=P0", []],
    ["system=disk-monitor", ["disk"]],
    ["type=synthetic", ["disk"]],
    ["mine", ["redis"]],
    ["q=inc-0007", ["redis"]],
    ["q=volume+FULL", ["disk"]],
    ["q=volume+redis", []],
    ["q=%20", ["redis", "disk"]],
  ])("%s lets through %j", (search, expected) => {
    expect(shown(search, redis, disk).sort()).toEqual([...expected].sort());
  });

  it("know whether they hide anything", () => {
    expect(isFiltering(read("sort=oldest"))).toBe(false);
    expect(isFiltering(read("q=x"))).toBe(true);
  });

  it("offer what the incidents have", () => {
    expect(collectChoices([redis, disk])).toEqual({
      teams: ["cache", "storage"],
      systems: ["disk-monitor", "redis-test"],
    });
  });
});

describe("order", () => {
  const early = anIncident({
    id: "early",
    created_at: "2026-01-01T00:00:00Z",
    severity: "P0",
    updated_at: "2026-02-02T00:00:00Z",
  });
  const late = anIncident({
    id: "late",
    created_at: "2026-01-02T00:00:00Z",
    severity: "P3",
    updated_at: "2026-01-02T00:00:00Z",
  });
  const odd = anIncident({ id: "odd", created_at: null, severity: null, updated_at: null });

  it.each([
    ["", ["late", "early", "odd"]],
    ["sort=oldest", ["odd", "early", "late"]],
    ["sort=severity", ["early", "late", "odd"]],
    ["sort=updated", ["early", "late", "odd"]],
    ["sort=nonsense", ["late", "early", "odd"]],
  ])("%s gives %j", (search, expected) => {
    expect(shown(search, early, odd, late)).toEqual(expected);
  });
});

it("a move that was asked for counts as done", () => {
  const columns = arrange([anIncident()], new Map([["uid-1", "fixing"]]), read(""), "ada");
  expect(columns.triage).toEqual([]);
  expect(columns.fixing.map((incident) => incident.id)).toEqual(["uid-1"]);
});
