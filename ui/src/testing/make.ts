/** Things for tests, as the API would tell them: each with what a test says, and else plain. */
import type { Experiment, Incident, Plan, Scenario, Session, System } from "@/api/types";
import { NOTHING, type Things } from "@/live/state";

const AT = "2026-01-31T12:00:00Z";

export function makeIncident(changes: Partial<Incident> = {}): Incident {
  const name = changes.name ?? "inc-1";
  return {
    id: `uid-${name}`,
    name,
    namespace: "drills",
    created_at: AT,
    updated_at: AT,
    resource_version: "1",
    number: "INC-0001",
    message: "Memory of redis-test is low",
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
    durations: { acknowledge: null, approve: null, detect: null, diagnose: null, resolve: null },
    refused_request: null,
    ...changes,
    timestamps: { ...NO_TIMES, detected_at: AT, ...changes.timestamps },
  };
}

const NO_TIMES: Incident["timestamps"] = {
  acknowledged_at: null,
  approved_at: null,
  breached_at: null,
  detected_at: null,
  diagnosed_at: null,
  execution_started_at: null,
  mitigated_at: null,
  plan_proposed_at: null,
  resolved_at: null,
};

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

export function makePlan(changes: Partial<Plan> = {}): Plan {
  const name = changes.name ?? "plan-1";
  return {
    id: `uid-${name}`,
    name,
    namespace: "drills",
    created_at: AT,
    updated_at: AT,
    resource_version: "1",
    incident_id: "uid-inc-1",
    incident_name: "inc-1",
    attempt: 1,
    author: "rules",
    status: "awaiting_approval",
    reason: "",
    message: "",
    analysis: "Redis is full.",
    reasoning: "",
    recommended_actions: [],
    executed_actions: [],
    execution_output: "",
    risk_assessment: "Low",
    plan_hash: "sha256:0011223344556677",
    decision: null,
    expires_at: null,
    dry_run: false,
    verification: [],
    verification_samples: [],
    verified_at: null,
    ...changes,
  };
}

export function makeExperiment(changes: Partial<Experiment> = {}): Experiment {
  const name = changes.name ?? "redis-memory-abc";
  return {
    id: `uid-${name}`,
    name,
    namespace: "drills",
    created_at: AT,
    updated_at: AT,
    resource_version: "1",
    scenario: "redis-memory",
    fault: {
      type: "RedisMemory",
      disk_fill: null,
      postgres_bloat: null,
      postgres_connections: null,
      redis_memory: null,
    },
    target: { mode: "one", selector: null, system_ref: { name: "redis-test" }, value: null },
    systems: [],
    duration_seconds: 600,
    dry_run: false,
    suspended: false,
    status: "active",
    reason: "",
    message: "",
    started_at: AT,
    injected_at: AT,
    expires_at: null,
    deadline_at: null,
    recovered_at: null,
    baseline: [],
    observed_effect: [],
    healed_by: null,
    incidents: [],
    grade: null,
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

export function makeSystem(changes: Partial<System> = {}): System {
  const name = changes.name ?? "redis-test";
  return {
    id: `uid-${name}`,
    name,
    namespace: "drills",
    created_at: AT,
    updated_at: AT,
    resource_version: "1",
    type: "Redis",
    team: "platform",
    status: "ready",
    message: "",
    health: 100,
    signals: [],
    threshold_percent: 50,
    will_trigger_incident: false,
    open_incidents: [],
    depends_on: [],
    protected: false,
    capabilities: { faults: ["RedisMemory"], remedies: ["RedisEvictPrefix"] },
    last_probe_at: AT,
    ...changes,
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
