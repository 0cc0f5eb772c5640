/** Things for tests that belong together: each is told by its name, from which its id follows. */
import type { Experiment, Incident, Plan, Scenario, Session, System } from "@/api/types";
import { NOTHING, type Things } from "@/live/state";

import { anExperiment, anIncident, aPlan, aSystem } from "./things";

type Times = Partial<Incident["timestamps"]>;

/** Of its times, only those are told that matter. */
export function makeIncident(
  fields: Partial<Omit<Incident, "timestamps">> & { readonly timestamps?: Times } = {},
): Incident {
  const name = fields.name ?? "inc-1";
  const { timestamps, ...rest } = fields;
  const plain = anIncident({ id: `uid-${name}`, name, ...rest });
  return { ...plain, timestamps: { ...plain.timestamps, ...timestamps } };
}

export function makePlan(fields: Partial<Plan> = {}): Plan {
  const name = fields.name ?? "plan-1";
  return aPlan({ id: `uid-${name}`, name, incident_id: "uid-inc-1", incident_name: "inc-1", ...fields });
}

export function makeExperiment(fields: Partial<Experiment> = {}): Experiment {
  const name = fields.name ?? "redis-memory-abc";
  return anExperiment({ id: `uid-${name}`, name, ...fields });
}

export function makeSystem(fields: Partial<System> = {}): System {
  const name = fields.name ?? "redis-test";
  return aSystem({ id: `uid-${name}`, name, ...fields });
}

export function makeAnalysis(
  changes: Partial<NonNullable<Incident["analysis"]>> = {},
): NonNullable<Incident["analysis"]> {
  return {
    confidence: 90,
    diagnosis: "Redis is full.",
    diagnosis_provider: "rules",
    latency_ms: 3,
    model: "",
    root_cause: { fault_type: "RedisMemory", system: "redis-test" },
    severity: "P1",
    solution: "Evict the keys.",
    solution_provider: "rules",
    ...changes,
  };
}

type Report = NonNullable<Experiment["grade"]>;

interface ReportChanges {
  readonly incident?: string;
  readonly provider?: string;
  readonly grade?: Partial<Report["grade"]>;
  readonly durations?: Partial<Report["durations"]>;
}

/** A drill that passed, but for what is changed. */
export function makeReport({ incident = "inc-1", provider = "rules", grade, durations }: ReportChanges = {}): Report {
  const marks = {
    detected: true,
    cause_correct: true,
    action_correct: true,
    verified: true,
    residue: 0,
    collateral: 0,
    passed: true,
    ...grade,
  };
  return {
    drill: "redis-memory",
    experiment: "redis-memory-abc",
    incident: { name: incident, number: "INC-0001", phase: "Resolved", reason: "Verified" },
    diagnosis: { provider, system: "redis-test", fault_type: "RedisMemory", correct: marks.cause_correct },
    plan: { name: "plan-1", approved_by: "sre", actions: ["RedisEvictPrefix"] },
    grade: marks,
    durations: {
      detect: null,
      diagnose: null,
      propose: null,
      approve: null,
      execute: null,
      verify: null,
      hold: null,
      resolve: null,
      total: null,
      machine: null,
      ...durations,
    },
  };
}

export function makeScenario(changes: Partial<Scenario> = {}): Scenario {
  return {
    name: "redis-memory",
    title: "Redis memory",
    summary: "Fills Redis with keys.",
    system: "redis-test",
    fault_type: "RedisMemory",
    duration_seconds: 600,
    ...changes,
  };
}

const ABILITIES = [
  "read_incidents",
  "read_experiments",
  "edit_incidents",
  "create_incidents",
  "delete_incidents",
  "run_experiments",
  "approve_plans",
  "run_generator",
  "halt",
] as const;

/** Somebody who may do everything, but for what is changed. */
export function makeSession(may: Readonly<Record<string, boolean>> = {}): Session {
  return {
    user: "sre",
    groups: [],
    namespace: "drills",
    via: "cookie",
    may: { ...Object.fromEntries(ABILITIES.map((ability) => [ability, true])), ...may },
  };
}

interface Lists {
  readonly incidents?: readonly Incident[];
  readonly plans?: readonly Plan[];
  readonly experiments?: readonly Experiment[];
  readonly systems?: readonly System[];
}

/** Lists by id, as the store holds them. */
export function makeThings({ incidents = [], plans = [], experiments = [], systems = [] }: Lists): Things {
  return {
    ...NOTHING,
    incidents: new Map(incidents.map((each) => [each.id, each])),
    plans: new Map(plans.map((each) => [each.id, each])),
    experiments: new Map(experiments.map((each) => [each.id, each])),
    systems: new Map(systems.map((each) => [each.id, each])),
  };
}
