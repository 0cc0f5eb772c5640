/** What was measured, in words and units. */
import type { SignalStatus, System } from "@/api/types";
import { formatAge, formatBytes, formatMilliseconds, formatNumber, splitWords } from "@/lib/format";
import { SIGNAL_WORD, type Tone } from "@/lib/words";

type Unit = "count" | "bytes" | "milliseconds";

const METRIC: Partial<Record<string, readonly [word: string, unit: Unit]>> = {
  used_bytes: ["Used", "bytes"],
  max_bytes: ["Limit", "bytes"],
  total_bytes: ["Capacity", "bytes"],
  connected: ["Clients", "count"],
  total: ["Sessions", "count"],
  idle: ["Idle sessions", "count"],
  max: ["Limit", "count"],
  sessions: ["Sessions", "count"],
  blocked: ["Blocked sessions", "count"],
  dead: ["Dead rows", "count"],
  live: ["Live rows", "count"],
  tables: ["Tables", "count"],
  milliseconds: ["Took", "milliseconds"],
  budget_milliseconds: ["Budget", "milliseconds"],
};

/** Each number of a signal as a word and a value with its unit. Numbers of signals to come are told as they are called. */
export function describeMetrics(signal: SignalStatus): readonly (readonly [word: string, value: string])[] {
  return Object.entries(signal.metrics).map(([name, value]) => {
    const [word, unit] = METRIC[name] ?? [splitWords(name), "count" as const];
    return [word, formatUnit(value, unit)] as const;
  });
}

function formatUnit(value: number, unit: Unit): string {
  if (unit === "bytes") return formatBytes(value);
  return unit === "milliseconds" ? formatMilliseconds(value) : formatNumber(value);
}

/** How long the canary took, where the signal tells it. */
export function canaryTime(signal: SignalStatus): string | null {
  const milliseconds = signal.name === "latency" ? signal.metrics["milliseconds"] : undefined;
  return milliseconds === undefined ? null : formatMilliseconds(milliseconds);
}

const NEAR = 15;

/** Nothing measured is neither good nor bad. */
export function toneOf(health: number | null, threshold: number): Tone {
  if (health === null) return "neutral";
  if (health < threshold) return "danger";
  return health < threshold + NEAR ? "warn" : "ok";
}

const ORDER = Object.keys(SIGNAL_WORD);

/** What is particular to a system first, the canary and its latency after it. */
export function inOrder(signals: readonly SignalStatus[]): readonly SignalStatus[] {
  return [...signals].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
}

const STALE_SECONDS = 45;

/**
 * The operator writes at least every half minute. How long ago it last did, where that is too long to take what it
 * wrote for the present state; else null.
 */
export function staleFor(lastProbeAt: string | null, now: number): string | null {
  if (lastProbeAt === null) return null;
  const seconds = (now - Date.parse(lastProbeAt)) / 1000;
  return seconds > STALE_SECONDS ? formatAge(seconds) : null;
}

/** "97", or what stands in its place. */
export function healthText(health: number | null): string {
  return health === null ? "–" : String(Math.round(health));
}

/** Where a system stands, in a word or two; null where the health says it all. */
export function standing(system: System): { readonly word: string; readonly tone: Tone } | null {
  if (system.status === "unreachable") return { word: "Unreachable", tone: "danger" };
  if (system.status === "pending") return { word: "Not ready", tone: "info" };
  if (system.health === null) return { word: "Not measured", tone: "neutral" };
  return system.will_trigger_incident ? { word: "Broken", tone: "danger" } : null;
}
