import type { HistoryAnswer } from "@/live/history";
import type { Point } from "@/live/state";

type Told = Readonly<Record<string, Readonly<Record<string, readonly (readonly unknown[])[]>>>>;
type Pair = readonly [at: string, health: Point[1]];

/** The API's history. Its pairs come as lists of anything: one that is no time with a health is left out. */
export function readHistory(systems: Told): HistoryAnswer {
  return mapValues(systems, (signals) => mapValues(signals, (points) => points.flatMap(readPair)));
}

function readPair([at, health]: readonly unknown[]): Pair[] {
  if (typeof at !== "string" || Number.isNaN(Date.parse(at))) return [];
  return health === null || typeof health === "number" ? [[at, health]] : [];
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
