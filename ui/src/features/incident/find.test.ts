import { describe, expect, it } from "vitest";

import { INITIAL } from "@/live/state";
import { anExperiment, anIncident, aPlan } from "@/testing/things";

import { experimentOf, incidentFinder, injectionOf, plansOf } from "./find";

const TIMES = anIncident().timestamps;

function stateWith(...incidents: readonly ReturnType<typeof anIncident>[]) {
  return { ...INITIAL, incidents: new Map(incidents.map((incident) => [incident.id, incident])) };
}

describe("incidentFinder", () => {
  const incident = anIncident({ id: "uid-7", number: "INC-0007", name: "redis-test-memory-7" });

  it.each(["INC-0007", "inc-0007", "redis-test-memory-7", "uid-7"])("finds it by %s", (id) => {
    expect(incidentFinder(id)(stateWith(anIncident(), incident))).toBe(incident);
  });

  it("follows what it found, and says when it is gone", () => {
    const find = incidentFinder("INC-0007");
    find(stateWith(incident));
    const next = { ...incident, resource_version: "2" };
    expect(find(stateWith(next))).toBe(next);
    expect(find(stateWith(anIncident()))).toBeUndefined();
  });

  it("finds none for an empty number", () => {
    expect(incidentFinder("INC-9999")(stateWith(anIncident({ number: "" })))).toBeUndefined();
  });
});

describe("plansOf", () => {
  it("takes its own, newest first, also where the incident's id is not known", () => {
    const plans = [
      aPlan({ id: "1", attempt: 1 }),
      aPlan({ id: "2", attempt: 2, incident_id: "" }),
      aPlan({ id: "3", incident_id: "other" }),
      aPlan({ id: "4", namespace: "other" }),
    ];
    expect(plansOf(anIncident(), plans).map(({ id }) => id)).toEqual(["2", "1"]);
  });
});

describe("experimentOf", () => {
  const incident = anIncident({ timestamps: { ...TIMES, detected_at: "2026-01-31T12:10:00Z" } });
  const opened = { incidents: [incident.name] };

  it("is the latest that had begun when it was noticed", () => {
    const experiments = [
      anExperiment({ id: "old", ...opened, started_at: "2026-01-31T11:00:00Z" }),
      anExperiment({ id: "it", ...opened, started_at: "2026-01-31T12:09:00Z" }),
      anExperiment({ id: "later", ...opened, started_at: "2026-01-31T12:11:00Z" }),
      anExperiment({ id: "unrelated", started_at: "2026-01-31T12:09:30Z" }),
    ];
    expect(experimentOf(incident, experiments)?.id).toBe("it");
    expect(experimentOf(incident, [])).toBeNull();
  });

  it("dates an injection that was noticed while it grew by its beginning", () => {
    const noticed = anIncident({ timestamps: { ...TIMES, breached_at: "2026-01-31T12:00:05Z" } });
    const times = { started_at: "2026-01-31T12:00:01Z" };
    expect(injectionOf(noticed, anExperiment({ ...times, injected_at: "2026-01-31T12:00:08Z" }))).toBe(
      times.started_at,
    );
    expect(injectionOf(noticed, anExperiment({ ...times, injected_at: "2026-01-31T12:00:03Z" }))).toBe(
      "2026-01-31T12:00:03Z",
    );
    expect(injectionOf(noticed, null)).toBeNull();
  });

  it("dates no injection of a fault that was gone before the breach", () => {
    const again = anIncident({ timestamps: { ...TIMES, breached_at: "2026-01-31T12:30:00Z" } });
    const times = { injected_at: "2026-01-31T12:00:02Z", recovered_at: "2026-01-31T12:05:00Z" };
    expect(injectionOf(again, anExperiment(times))).toBeNull();
    expect(injectionOf(again, anExperiment({ ...times, recovered_at: null }))).toBe(times.injected_at);
  });
});
