/** Whole objects for tests, of which a test says only what matters to it; by default they belong together. */
import type { ActionParams, Envelope, Experiment, Incident, Plan, Scenario, Session, System } from "@/api/types";
import { NOTHING, type Things } from "@/live/state";

const CREATED = "2026-01-31T12:00:00Z";
/** What every object has beside its name. */
const OBJECT = { namespace: "drills", created_at: CREATED, updated_at: CREATED, resource_version: "1" };

/** An action's parameters where it has none. */
export const NO_PARAMS: ActionParams = {
  application_name: null,
  client_name: null,
  files: null,
  idle_seconds: null,
  min_blocked_seconds: null,
  option: null,
  prefix: null,
  table: null,
  value: null,
};

type IncidentFields = Partial<Omit<Incident, "timestamps">> & { readonly timestamps?: Partial<Incident["timestamps"]> };

/** "inc-7" has the id "uid-7": one of the two is enough. Of its times, only those are told that matter. */
export function anIncident({ timestamps, ...fields }: IncidentFields = {}): Incident {
  const key = fields.name?.replace(/^inc-/, "") ?? fields.id?.replace(/^uid-/, "") ?? "1";
  return {
    id: `uid-${key}`,
    name: `inc-${key}`,
    ...OBJECT,
    number: "INC-0001",
    message: "redis-test: memory health is 10 %",
    description: "",
    source: "redis-test",
    status: "triage",
    severity: "P1",
    severity_forced: false,
    team: "platform",
    assignee: "",
    notes: "",
    generated_by: "detector",
    incident_type: "real_system",
    actionable: true,
    affected_systems: ["redis-test"],
    remediation_mode: "automated",
    metadata: {},
    analysis: null,
    status_history: [],
    resolved_reason: null,
    merged_into: "",
    escalated: null,
    signals: ["memory"],
    occurrences: 1,
    relapses: 0,
    plans: [],
    timestamps: {
      breached_at: null,
      detected_at: CREATED,
      acknowledged_at: null,
      diagnosed_at: null,
      plan_proposed_at: null,
      approved_at: null,
      execution_started_at: null,
      escalated_at: null,
      mitigated_at: null,
      resolved_at: null,
      ...timestamps,
    },
    durations: { detect: null, acknowledge: null, diagnose: null, approve: null, resolve: null },
    refused_request: null,
    ...fields,
  };
}

export function aPlan(fields: Partial<Plan> = {}): Plan {
  const name = fields.name ?? "plan-1";
  return {
    id: `uid-${name}`,
    name,
    ...OBJECT,
    incident_id: "uid-1",
    incident_name: "inc-1",
    attempt: 1,
    author: "rules",
    status: "awaiting_approval",
    reason: "",
    message: "",
    analysis: "Redis is full",
    reasoning: "the keys of one session fill it",
    recommended_actions: [],
    executed_actions: [],
    execution_output: "",
    risk_assessment: "Medium",
    plan_hash: "3f5a9c0e6f7d4b1a",
    decision: null,
    expires_at: null,
    dry_run: false,
    verification: [],
    verification_samples: [],
    verified_at: null,
    ...fields,
  };
}

export function aSystem(fields: Partial<System> = {}): System {
  const name = fields.name ?? "redis-test";
  return {
    id: `uid-${name}`,
    name,
    ...OBJECT,
    type: "Redis",
    status: "ready",
    health: 98,
    threshold_percent: 50,
    will_trigger_incident: false,
    signals: [{ name: "memory", health: 98, message: "", metrics: {} }],
    capabilities: { faults: ["RedisMemory"], remedies: [] },
    open_incidents: [],
    protected: false,
    team: "",
    depends_on: [],
    message: "",
    last_probe_at: CREATED,
    ...fields,
  };
}

export function anExperiment(fields: Partial<Experiment> = {}): Experiment {
  const name = fields.name ?? "redis-memory-abc";
  return {
    id: `uid-${name}`,
    name,
    ...OBJECT,
    scenario: "redis-memory",
    fault: {
      type: "RedisMemory",
      redis_memory: null,
      redis_connections: null,
      redis_latency: null,
      postgres_connections: null,
      postgres_bloat: null,
      postgres_lock: null,
      disk_fill: null,
      network_latency: null,
      system_down: null,
      pod_kill: null,
    },
    target: { system_ref: { name: "redis-test" }, selector: null, mode: "one", value: null },
    systems: [],
    duration_seconds: 600,
    dry_run: false,
    suspended: false,
    status: "active",
    reason: "",
    message: "",
    baseline: [],
    observed_effect: [],
    incidents: [],
    started_at: CREATED,
    injected_at: CREATED,
    expires_at: null,
    deadline_at: null,
    recovered_at: null,
    healed_by: null,
    grade: null,
    ...fields,
  };
}

export function anAnalysis(
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
export function aReport({ incident = "inc-1", provider = "rules", grade, durations }: ReportChanges = {}): Report {
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

export function aScenario(changes: Partial<Scenario> = {}): Scenario {
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
export function aSession(may: Readonly<Record<string, boolean>> = {}): Session {
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
export function thingsOf({ incidents = [], plans = [], experiments = [], systems = [] }: Lists): Things {
  return {
    ...NOTHING,
    incidents: new Map(incidents.map((each) => [each.id, each])),
    plans: new Map(plans.map((each) => [each.id, each])),
    experiments: new Map(experiments.map((each) => [each.id, each])),
    systems: new Map(systems.map((each) => [each.id, each])),
  };
}

/** The message whose type may be that one: some messages share their data among several types. */
type MessageOf<T, E = Envelope> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

/** A message of the stream. */
export function aMessage<T extends Envelope["type"]>(type: T, data: MessageOf<T>["data"], seq = "epoch:1"): Envelope {
  return { v: 1, seq, type, ts: CREATED, data } as Envelope;
}
