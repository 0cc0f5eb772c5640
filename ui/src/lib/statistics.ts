/** The few statistics that are told, and when there are too few numbers for them. */

/** With fewer, the 90th percentile is little else than the greatest. */
export const FEWEST_FOR_P90 = 10;

export interface Summary {
  readonly n: number;
  /** Null without a number. */
  readonly median: number | null;
  /** Null where there are too few. */
  readonly p90: number | null;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    n: sorted.length,
    median: quantile(sorted, 0.5),
    p90: sorted.length < FEWEST_FOR_P90 ? null : quantile(sorted, 0.9),
  };
}

/** Of those that are known. */
export function summariseKnown(values: readonly (number | null)[]): Summary {
  return summarise(values.filter((value) => value !== null));
}

/** Between the two that are nearest, as far along as the share says. */
function quantile(sorted: readonly number[], share: number): number | null {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (place - Math.floor(place));
}

/** Null without a number. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
