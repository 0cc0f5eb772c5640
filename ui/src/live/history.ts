/** The latest measurements of each signal, for sparklines: what the API remembers, and what came since. */
import type { SignalName, System } from "@/api/types";

import type { Point, SignalHistory } from "./state";

const KEPT_MS = 15 * 60 * 1000;
const MOST_POINTS = 240;

/** As `GET /systems/history` tells it: by system and signal, [ISO time, health]. */
export type HistoryAnswer = Readonly<
  Record<string, Readonly<Record<string, readonly (readonly [string, number | null])[]>>>
>;
type History = ReadonlyMap<string, SignalHistory>;

/** With the measurements that the system was just told with. */
export function appendMeasurements(history: History, system: System, now: number): History {
  const at = system.last_probe_at === null ? now : Date.parse(system.last_probe_at);
  const signals = new Map(history.get(system.id) ?? []);
  for (const { name, health } of system.signals) signals.set(name, extend(signals.get(name) ?? [], [at, health]));
  return new Map(history).set(system.id, signals);
}

function extend(points: readonly Point[], next: Point): readonly Point[] {
  const last = points.at(-1);
  if (last !== undefined && last[0] >= next[0]) return points;
  return trim([...points, next]);
}

function trim(points: readonly Point[]): readonly Point[] {
  const newest = points.at(-1)?.[0] ?? 0;
  return points.filter(([at]) => at >= newest - KEPT_MS).slice(-MOST_POINTS);
}

/** With what the API remembers, also from a time without a connection; what came by the stream stays. */
export function mergeHistory(history: History, answer: HistoryAnswer): History {
  const merged = new Map(history);
  for (const [id, told] of Object.entries(answer)) {
    const signals = new Map(merged.get(id) ?? []);
    for (const [name, points] of Object.entries(told)) {
      const since = signals.get(name as SignalName) ?? [];
      const known = new Set(since.map(([at]) => at));
      const missed = points.map(([at, health]): Point => [Date.parse(at), health]).filter(([at]) => !known.has(at));
      signals.set(name as SignalName, trim([...missed, ...since].sort(([a], [b]) => a - b)));
    }
    merged.set(id, signals);
  }
  return merged;
}
