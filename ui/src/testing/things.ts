/** Whole objects for tests, of which a test says only what matters to it. */
import type { Envelope, Experiment, Incident, Plan, System } from "@/api/types";

const CREATED = "2026-01-31T12:00:00Z";

export function anIncident(fields: Partial<Incident> = {}): Incident {
  const id = fields.id ?? "uid-1";
  return {
    id,
    name: `incident-${id}`,
    namespace: "drills",
    created_at: CREATED,
    updated_at: CREATED,
    resource_version: "1",
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
      mitigated_at: null,
      resolved_at: null,
    },
    durations: { detect: null, acknowledge: null, diagnose: null, approve: null, resolve: null },
    refused_request: null,
    ...fields,
  };
}

export function aPlan(fields: Partial<Plan> = {}): Plan {
  return {
    id: "plan-uid",
    name: "incident-uid-1-plan-1",
    namespace: "drills",
    created_at: CREATED,
    updated_at: CREATED,
    resource_version: "1",
    incident_id: "uid-1",
    incident_name: "incident-uid-1",
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
  return {
    id: "system-uid",
    name: "redis-test",
    namespace: "drills",
    created_at: CREATED,
    updated_at: CREATED,
    resource_version: "1",
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
  return {
    id: "experiment-uid",
    name: "redis-memory-abc",
    namespace: "drills",
    created_at: CREATED,
    updated_at: CREATED,
    resource_version: "1",
    scenario: "redis-memory",
    fault: {
      type: "RedisMemory",
      redis_memory: null,
      postgres_connections: null,
      postgres_bloat: null,
      disk_fill: null,
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

/** The message whose type may be that one: some messages share their data among several types. */
type MessageOf<T, E = Envelope> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

/** A message of the stream. */
export function aMessage<T extends Envelope["type"]>(type: T, data: MessageOf<T>["data"], seq = "epoch:1"): Envelope {
  return { v: 1, seq, type, ts: CREATED, data } as Envelope;
}
