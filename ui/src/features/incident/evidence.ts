/** From a signal's evidence to what a sparkline draws. */
import type { EvidenceDocument } from "@/api/types";

type SignalEvidence = EvidenceDocument["signals"][number];
type Point = readonly [number, number | null];

const LEAST_SPAN_MS = 60_000;

/** Its history as points in time, oldest first, up to when the evidence was read. */
export function toPoints(
  signal: SignalEvidence,
  collectedAt: string,
): { readonly points: readonly Point[]; readonly now: number; readonly spanMs: number } {
  const now = Date.parse(collectedAt);
  if (Number.isNaN(now)) return { points: [], now: 0, spanMs: LEAST_SPAN_MS };
  const points = signal.history
    .map(({ seconds_ago, health }): Point => [now - seconds_ago * 1000, health])
    .sort(([a], [b]) => a - b);
  const oldest = points[0]?.[0] ?? now;
  return { points, now, spanMs: Math.max(LEAST_SPAN_MS, now - oldest) };
}
