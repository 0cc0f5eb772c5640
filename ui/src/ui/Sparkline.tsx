import { HEIGHT, linesOf, type SparkPoints, toY, WIDTH } from "./sparklines";
import { TEXT } from "./tone";

interface SparklineProps {
  readonly points: SparkPoints;
  /** Drawn as a line across, and what is below it in the colour of danger; null for none. */
  readonly threshold: number | null;
  /** Right edge, in milliseconds since 1970. */
  readonly now: number;
  /** Width of time that is shown. */
  readonly spanMs?: number;
  /** What it shows, in words. */
  readonly label: string;
}

/** Health over time. Gaps stay gaps: nothing is drawn where nothing was measured. */
export function Sparkline({ points, threshold, now, spanMs = 5 * 60 * 1000, label }: SparklineProps) {
  const { bad, good } = linesOf(points, threshold, now, spanMs);
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
      <Line path={good} className={TEXT.ok} />
      <Line path={bad} className={TEXT.danger} />
    </svg>
  );
}

function Line({ path, className }: { readonly path: string; readonly className: string }) {
  return (
    <path
      d={path}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.75}
      strokeLinejoin="round"
      vectorEffect="non-scaling-stroke"
      className={className}
    />
  );
}
