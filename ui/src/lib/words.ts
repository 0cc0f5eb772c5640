/** The words for what the API names, the same everywhere on the board. */
import type {
  ExperimentStatus,
  FaultType,
  IncidentStatus,
  IncidentType,
  PlanStatus,
  Severity,
  SignalName,
} from "@/api/types";

export const STATUSES: readonly IncidentStatus[] = ["triage", "investigating", "fixing", "resolved"];
export const SEVERITIES: readonly Severity[] = ["P0", "P1", "P2", "P3"];

export const STATUS_WORD: Record<IncidentStatus, string> = {
  triage: "Triage",
  investigating: "Investigating",
  fixing: "Fixing",
  resolved: "Resolved",
};

export const SEVERITY_WORD: Record<Severity, string> = {
  P0: "Critical",
  P1: "High",
  P2: "Medium",
  P3: "Low",
};

export const TYPE_WORD: Record<IncidentType, string> = {
  real_system: "Real system",
  synthetic: "Practice",
  training: "Training",
};

export const FAULT_WORD: Record<FaultType, string> = {
  RedisMemory: "Redis memory full",
  PostgresConnections: "Postgres connections exhausted",
  PostgresBloat: "Postgres table bloat",
  DiskFill: "Disk full",
  None: "No fault (a control)",
};

/** What each signal measures; 100 is healthy. */
export const SIGNAL_WORD: Record<SignalName, string> = {
  memory: "Free memory",
  clients: "Free client slots",
  connections: "Useful connections",
  bloat: "Live rows",
  locks: "Unblocked sessions",
  usage: "Free space",
  canary: "Canary operation",
  latency: "Canary latency",
  reachable: "Reachable",
};

export const PLAN_WORD: Record<PlanStatus, string> = {
  proposed: "Proposed",
  awaiting_approval: "Awaiting approval",
  approved: "Approved",
  executing: "Executing",
  verifying: "Verifying",
  completed: "Succeeded",
  failed: "Failed",
  rolled_back: "Rolled back",
  rejected: "Rejected",
  expired: "Expired",
  superseded: "Superseded",
};

export const EXPERIMENT_WORD: Record<ExperimentStatus, string> = {
  pending: "Pending",
  rejected: "Rejected",
  injecting: "Injecting",
  active: "Active",
  recovering: "Recovering",
  recovered: "Recovered",
  aborted: "Aborted",
  failed: "Failed",
};

/** Tones in which things are told apart: each has a text colour and a soft ground. */
export type Tone = "neutral" | "accent" | "danger" | "alert" | "warn" | "ok" | "info" | "violet";

export const STATUS_TONE: Record<IncidentStatus, Tone> = {
  triage: "warn",
  investigating: "info",
  fixing: "violet",
  resolved: "ok",
};

export const PLAN_TONE: Record<PlanStatus, Tone> = {
  proposed: "info",
  awaiting_approval: "warn",
  approved: "info",
  executing: "violet",
  verifying: "violet",
  completed: "ok",
  failed: "danger",
  rolled_back: "danger",
  rejected: "neutral",
  expired: "neutral",
  superseded: "neutral",
};

export const EXPERIMENT_TONE: Record<ExperimentStatus, Tone> = {
  pending: "info",
  rejected: "danger",
  injecting: "alert",
  active: "alert",
  recovering: "violet",
  recovered: "ok",
  aborted: "neutral",
  failed: "danger",
};

/** Faults that are in progress. */
export const RUNNING: ReadonlySet<ExperimentStatus> = new Set(["pending", "injecting", "active", "recovering"]);
/** Plans that are not over. */
export const OPEN_PLANS: ReadonlySet<PlanStatus> = new Set([
  "proposed",
  "awaiting_approval",
  "approved",
  "executing",
  "verifying",
]);
