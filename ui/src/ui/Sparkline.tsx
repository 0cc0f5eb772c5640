import type { Tone } from "@/lib/words";

import { TEXT } from "./tone";

interface SparklineProps {
  /** [milliseconds since 1970, 0..100 or null where nothing was measured], oldest first. */
  readonly points: readonly (readonly [number, number | null])[];
  /** Drawn as a line across; null for none. */
  readonly threshold: number | null;
  /** Right edge, in milliseconds since 1970. */
  readonly now: number;
  /** Width of time that is shown. */
  readonly spanMs?: number;
  readonly tone: Tone;
  /** What it shows, in words. */
  readonly label: string;
}

const WIDTH = 120;
const HEIGHT = 28;

/** Health over time. Gaps stay gaps: nothing is drawn where nothing was measured. */
export function Sparkline({ points, threshold, now, spanMs = 5 * 60 * 1000, tone, label }: SparklineProps) {
  const path = toPath(points, now, spanMs);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
      className="h-7 w-full"
    >
      {threshold !== null && (
        <line
          x1={0}
          x2={WIDTH}
          y1={toY(threshold)}
          y2={toY(threshold)}
          stroke="var(--color-edge)"
          strokeWidth={1}
          strokeDasharray="2 3"
          vectorEffect="non-scaling-stroke"
        />
      )}
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.75}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
        className={TEXT[tone]}
      />
    </svg>
  );
}

function toY(health: number): number {
  return HEIGHT - 2 - (health / 100) * (HEIGHT - 4);
}

/** Each measurement holds until the next one; the latest until now. */
function toPath(points: SparklineProps["points"], now: number, spanMs: number): string {
  const start = now - spanMs;
  const toX = (at: number): number => Math.max(0, ((at - start) / spanMs) * WIDTH);
  const parts: string[] = [];
  let isDrawing = false;
  points.forEach(([at, health], index) => {
    const until = points[index + 1]?.[0] ?? now;
    if (until < start) return;
    if (health === null) {
      isDrawing = false;
      return;
    }
    const y = toY(health).toFixed(1);
    parts.push(`${isDrawing ? "L" : "M"}${toX(at).toFixed(1)} ${y}L${toX(until).toFixed(1)} ${y}`);
    isDrawing = true;
  });
  return parts.join("");
}
