import { describe, expect, it } from "vitest";

import { anExperiment, anIncident } from "@/testing/things";

import { experimentOf, harmBegan, indexExperiments, injectionOf } from "./milestones";

const at = (time: string): string => `2026-01-31T${time}Z`;
const incident = anIncident({ timestamps: { breached_at: at("12:00:10"), detected_at: at("12:00:11") } });
const experiment = (name: string, started: string | null) =>
  anExperiment({ name, incidents: ["inc-1"], started_at: started === null ? null : at(started) });
const found = (...experiments: ReturnType<typeof experiment>[]) =>
  experimentOf(incident, indexExperiments(experiments))?.name ?? null;

describe("experimentOf", () => {
  it("is the latest that had begun when it was noticed", () => {
    expect(found(experiment("early", "12:00:00"), experiment("late", "12:00:09"))).toBe("late");
    expect(found(experiment("late", "12:00:09"), experiment("after", "12:00:20"))).toBe("late");
  });

  it("is none of another namespace, nor of another incident", () => {
    expect(found(anExperiment({ incidents: ["inc-1"], namespace: "elsewhere" }))).toBeNull();
    expect(found(anExperiment({ incidents: ["inc-2"] }))).toBeNull();
  });

  it("bears times that are not known", () => {
    expect(found(experiment("unknown", null))).toBe("unknown");
  });
});

describe("injectionOf", () => {
  const began = at("12:00:01");

  it("dates an injection that was noticed while it grew by its beginning", () => {
    const growing = anExperiment({ started_at: began, injected_at: at("12:00:12") });
    expect(injectionOf(incident, growing)).toBe(began);
    expect(injectionOf(incident, { ...growing, injected_at: at("12:00:03") })).toBe(at("12:00:03"));
    expect(injectionOf(incident, null)).toBeNull();
  });

  it("dates none of a fault that was gone before the breach", () => {
    const gone = anExperiment({ injected_at: at("11:00:02"), recovered_at: at("11:05:00") });
    expect(injectionOf(incident, gone)).toBeNull();
    expect(injectionOf(incident, { ...gone, recovered_at: null })).toBe(at("11:00:02"));
  });
});

describe("harmBegan", () => {
  const injected = (time: string) => anExperiment({ injected_at: at(time) });

  it("is the injection, or the breach where that came before or nothing was injected", () => {
    expect(harmBegan(incident, injected("12:00:05"))).toBe(at("12:00:05"));
    expect(harmBegan(incident, injected("12:00:12"))).toBe(at("12:00:10"));
    expect(harmBegan(incident, null)).toBe(at("12:00:10"));
  });

  it("is the breach where the fault was gone before it", () => {
    expect(harmBegan(incident, { ...injected("11:00:05"), recovered_at: at("11:05:00") })).toBe(at("12:00:10"));
  });

  it("is not known where neither is", () => {
    expect(harmBegan(anIncident(), null)).toBeNull();
  });
});
