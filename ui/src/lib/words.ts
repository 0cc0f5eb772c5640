/** The words for what the API names, the same everywhere on the board. */
import type {
  ActionType,
  ExperimentStatus,
  FaultType,
  GameDayStatus,
  IncidentStatus,
  IncidentType,
  PlanStatus,
  RemediationMode,
  Risk,
  Severity,
  SignalName,
} from "@/api/types";

import { splitWords } from "./format";

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

/** What is done about an incident unasked. */
export const REMEDIATION_WORD: Record<RemediationMode, string> = {
  automated: "Automated",
  advisory: "Advisory",
  manual: "Manual",
};

export const FAULT_WORD: Record<FaultType, string> = {
  RedisMemory: "Redis memory full",
  RedisConnections: "Redis client slots taken",
  RedisLatency: "Slow Redis",
  PostgresConnections: "Postgres connections exhausted",
  PostgresBloat: "Postgres table bloat",
  PostgresLock: "Postgres lock pile-up",
  DiskFill: "Disk full",
  NetworkLatency: "Slow network",
  SystemDown: "System down",
  PodKill: "Pod killed",
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

export const ACTION_WORD: Record<ActionType, string> = {
  RedisEvictPrefix: "Delete the keys with a prefix",
  RedisClearCache: "Clear the whole cache",
  RedisKillClients: "Disconnect a client",
  RedisResetConfig: "Set a Redis option back",
  PostgresTerminateIdle: "End idle sessions",
  PostgresTerminateBlockers: "End sessions that block others",
  PostgresVacuum: "Vacuum a table",
  DiskCleanup: "Delete files",
  RestartSystem: "Restart the system",
  RemoveLatency: "End a delay",
};

/** Why an incident is over. A reason that a later API adds is split into its words. */
export function resolvedWord(reason: string): string {
  return RESOLVED_WORD[reason] ?? splitWords(reason);
}

const RESOLVED_WORD: Readonly<Record<string, string>> = {
  Verified: "Healed and proven",
  SelfRecovered: "Recovered by itself",
  ManualOverride: "Resolved by hand",
  FalseAlarm: "False alarm",
  MergedInto: "Merged into another",
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
  scheduled: "Scheduled",
  rejected: "Rejected",
  injecting: "Injecting",
  active: "Active",
  recovering: "Recovering",
  recovered: "Recovered",
  aborted: "Aborted",
  failed: "Failed",
};

export const GAME_DAY_WORD: Record<GameDayStatus, string> = {
  pending: "Pending",
  running: "Running",
  finished: "Finished",
  aborted: "Aborted",
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
  scheduled: "info",
  rejected: "danger",
  injecting: "alert",
  active: "alert",
  recovering: "violet",
  recovered: "ok",
  aborted: "neutral",
  failed: "danger",
};

export const GAME_DAY_TONE: Record<GameDayStatus, Tone> = {
  pending: "info",
  running: "violet",
  finished: "ok",
  aborted: "neutral",
};

export const RISK_TONE: Record<Risk, Tone> = { Low: "ok", Medium: "warn", High: "danger" };

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
