import { describe, expect, it } from "vitest";

import { INITIAL } from "@/live/state";
import { anIncident, aPlan } from "@/testing/things";

import { incidentFinder, plansOf } from "./find";

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
