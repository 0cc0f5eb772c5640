/** How often over time. */
import { type Range, SPAN_MS } from "./filters";

export interface Bucket {
  /** Milliseconds since 1970; from that until before the other. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIZE: Record<Exclude<Range, "all">, number> = { "1h": 5 * MINUTE, "24h": HOUR, "7d": DAY, "30d": DAY };
const SIZES = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];
const MOST = 31;

/** Buckets of one size up to `now`; for all of the past, the smallest size of which few enough are needed. */
export function countOverTime(times: readonly number[], range: Range, now: number): readonly Bucket[] {
  const first = times.reduce((least, time) => Math.min(least, time), now);
  const span = SPAN_MS[range] ?? now - first + 1;
  const size = range === "all" ? (SIZES.find((each) => span / each <= MOST) ?? 365 * DAY) : SIZE[range];
  const number = Math.max(1, Math.ceil(span / size));
  const begin = now - number * size;
  const counts = new Array<number>(number).fill(0);
  for (const time of times) {
    const place = Math.min(number - 1, Math.floor((time - begin) / size));
    if (place >= 0) counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts.map((count, place) => ({ from: begin + place * size, to: begin + (place + 1) * size, count }));
}
