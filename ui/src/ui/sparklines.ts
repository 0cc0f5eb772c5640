/** The lines of a sparkline, in the units of its drawing. */

/** [milliseconds since 1970, 0..100 or null where nothing was measured], oldest first. */
export type SparkPoints = readonly (readonly [number, number | null])[];

export const WIDTH = 120;
export const HEIGHT = 28;

/**
 * The operator writes when a health changes by a point, and at least every half minute: so long a measurement holds,
 * and what comes after it without another one is not known.
 */
const HOLDS_MS = 35_000;

export function toY(health: number): number {
  return HEIGHT - 2 - (health / 100) * (HEIGHT - 4);
}

interface SparkLines {
  /** Below the threshold. */
  readonly bad: string;
  readonly good: string;
}

/** Each measurement holds until the next one, but not longer than it may be believed; gaps stay gaps. */
export function linesOf(points: SparkPoints, threshold: number | null, now: number, spanMs: number): SparkLines {
  const start = now - spanMs;
  const toX = (at: number): string => Math.max(0, ((at - start) / spanMs) * WIDTH).toFixed(1);
  const lines = { bad: "", good: "" };
  let drawn: { readonly kind: keyof SparkLines; readonly y: string; readonly until: number } | null = null;
  points.forEach(([at, health], index) => {
    const until = Math.min(points[index + 1]?.[0] ?? now, at + HOLDS_MS, now);
    if (health === null || until < start || at > now) return;
    const kind = threshold !== null && health < threshold ? "bad" : "good";
    const y = toY(health).toFixed(1);
    const x = toX(at);
    const follows = drawn?.until === at ? drawn : null;
    // A line of the other kind begins where the last one ended, so that the step between them is seen.
    if (follows === null) lines[kind] += `M${x} ${y}`;
    else lines[kind] += follows.kind === kind ? `L${x} ${y}` : `M${x} ${follows.y}L${x} ${y}`;
    lines[kind] += `L${toX(until)} ${y}`;
    drawn = { kind, y, until };
  });
  return lines;
}
