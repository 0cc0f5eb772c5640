/** What can be broken on a system now, and why something cannot. */
import type { Experiment, FaultType, KillSwitch, Scenario, SignalName, System } from "@/api/types";
import { targetsOf } from "@/lib/experiments";
import { formatDuration } from "@/lib/format";
import { keyOf } from "@/lib/keys";
import { newestFirst } from "@/lib/order";
import { FAULT_WORD, RUNNING } from "@/lib/words";
import { label } from "@/lib/keys";

import type { OpenIncident } from "./openIncidents";

/** The signal that each fault breaks. */
const BREAKS: Record<FaultType, SignalName | null> = {
  RedisMemory: "memory",
  RedisConnections: "clients",
  RedisLatency: "latency",
  PostgresConnections: "connections",
  PostgresBloat: "bloat",
  PostgresLock: "locks",
  DiskFill: "usage",
  NetworkLatency: "latency",
  SystemDown: "reachable",
  PodKill: "reachable",
  None: null,
};

/** What stands for or against a fault. */
export interface Circumstances {
  readonly killSwitch: KillSwitch | null;
  readonly running: readonly Experiment[];
  readonly openIncidents: readonly OpenIncident[];
}

/** Why that failure cannot be started now and what would change that, or null where it can. */
export function obstacleTo(fault: FaultType, system: System, now: Circumstances): string | null {
  if (now.killSwitch?.on === true) return "The kill switch is on: allow drills again first.";
  if (system.protected) return "This system is protected: nothing may break it.";
  const [running] = now.running;
  if (running !== undefined) {
    return running.fault.type === fault
      ? "It is in progress: wait for its end, or stop it."
      : `Another fault is in progress here: ${FAULT_WORD[running.fault.type]}. Wait for its end, or stop it.`;
  }
  const signal = BREAKS[fault];
  const open = now.openIncidents.find(({ signals }) => signal !== null && signals.includes(signal));
  if (open !== undefined) return `${label(open)} is open for this failure: resolve it first.`;
  return null;
}

/** Its fault in words; a second drill of the same fault goes by its own name. */
export function nameOf(scenario: Scenario, all: readonly Scenario[]): string {
  const same = all.filter(({ fault_type }) => fault_type === scenario.fault_type);
  const ownWord = same.find(({ name }) => name === kebab(scenario.fault_type)) ?? same[0];
  return scenario === ownWord ? FAULT_WORD[scenario.fault_type] : scenario.title;
}

function kebab(fault: FaultType): string {
  return fault.replace(/(?!^)([A-Z])/g, "-$1").toLowerCase();
}

/** What starting it does, and what ends it. */
export function describeScenario(scenario: Scenario): string {
  const longest = formatDuration(scenario.duration_seconds);
  return `${scenario.summary} It ends when a plan heals it, when it is stopped, or by itself after ${longest}.`;
}

/**
 * The drills that break this system, of those that it can suffer. They are made in one namespace, and find their
 * system there by its name.
 */
export function scenariosFor(system: System, scenarios: readonly Scenario[], namespace: string): readonly Scenario[] {
  if (system.namespace !== namespace) return [];
  const { faults } = system.capabilities;
  return scenarios.filter(
    (scenario) => scenario.system === system.name && (faults.length === 0 || faults.includes(scenario.fault_type)),
  );
}

/** The faults in progress by the system that they are on, newest first. */
export function runningBySystem(experiments: Iterable<Experiment>): ReadonlyMap<string, readonly Experiment[]> {
  const found = new Map<string, Experiment[]>();
  for (const experiment of experiments) {
    if (!RUNNING.has(experiment.status)) continue;
    for (const name of targetsOf(experiment)) {
      const key = keyOf({ namespace: experiment.namespace, name });
      found.set(key, [...(found.get(key) ?? []), experiment]);
    }
  }
  for (const list of found.values()) list.sort(newestFirst);
  return found;
}
