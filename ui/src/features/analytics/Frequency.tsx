import { countOf, formatDateTime } from "@/lib/format";
import { Fold } from "@/ui/Fold";

import type { Bucket } from "./buckets";
import { Section } from "./Section";
import { Table } from "./Table";

const HEIGHT = 100;
const STEP = 10;
const GAP = 2;

/** Incidents over time as bars; the same as a table for whoever reads numbers. */
export function Frequency({ buckets }: { readonly buckets: readonly Bucket[] }) {
  const highest = Math.max(...buckets.map(({ count }) => count));
  const most = Math.max(highest, 1);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const [first] = buckets;
  if (first === undefined) return null;
  const words = `${countOf(total, "incident")}; each bar is ${lengthOf(first)}, the highest has ${highest}`;
  return (
    <Section title="Incidents over time" note={`${words}.`}>
      <Bars buckets={buckets} most={most} words={words} />
      <Fold className="mt-2" title="As a table">
        <Table
          caption="Incidents over time"
          columns={["From", "Incidents"]}
          rows={buckets.map(({ from, count }) => ({ key: String(from), cells: [toWords(from), count] }))}
        />
      </Fold>
    </Section>
  );
}

interface BarsProps {
  readonly buckets: readonly Bucket[];
  /** The height of the highest. */
  readonly most: number;
  readonly words: string;
}

function Bars({ buckets, most, words }: BarsProps) {
  return (
    <div className="flex gap-2">
      <div aria-hidden="true" className="tabular flex flex-col justify-between text-right font-mono text-xs text-muted">
        <span>{most}</span>
        <span>0</span>
      </div>
      <div className="min-w-0 flex-1">
        <svg
          viewBox={`0 0 ${buckets.length * STEP} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={words}
          className="h-32 w-full border-b border-edge"
        >
          {buckets.map(({ from, count }, place) => (
            <rect
              key={from}
              x={place * STEP + GAP / 2}
              width={STEP - GAP}
              y={HEIGHT - (count / most) * HEIGHT}
              height={(count / most) * HEIGHT}
              fill="var(--color-accent)"
            >
              <title>{`${countOf(count, "incident")} from ${toWords(from)}`}</title>
            </rect>
          ))}
        </svg>
        <p aria-hidden="true" className="mt-1 flex justify-between gap-4 text-xs text-muted">
          <span>{toWords(buckets[0]?.from)}</span>
          <span className="text-right">{toWords(buckets.at(-1)?.to)}</span>
        </p>
      </div>
    </div>
  );
}

function toWords(time = 0): string {
  return formatDateTime(new Date(time).toISOString());
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
];

function lengthOf({ from, to }: Bucket): string {
  const [size, word] = UNITS.find(([each]) => (to - from) % each === 0) ?? [1000, "second"];
  return countOf((to - from) / size, word);
}
