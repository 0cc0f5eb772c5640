import { countOf, formatPrecise } from "@/lib/format";

import type { Split } from "./analyse";
import { Section } from "./Section";

const WIDTH = 100;
const HEIGHT = 6;

/** The mean time to resolve as one bar: what machines took, and what waited for a person. */
export function SplitBar({ split }: { readonly split: Split }) {
  const total = split.machine + split.human;
  const share = total === 0 ? 1 : split.machine / total;
  const machine = `Machine ${formatPrecise(split.machine)} (${Math.round(share * 100)} %)`;
  const human = `Waiting for a person ${formatPrecise(split.human)} (${100 - Math.round(share * 100)} %)`;
  return (
    <Section
      title="Who took the time"
      note={`Mean time to resolve: ${formatPrecise(total)} over ${countOf(split.n, "incident")}, ${split.waited} of which waited for a person.`}
    >
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${machine}, ${human}`}
        className="h-6 w-full rounded-sm bg-warn"
      >
        <rect width={WIDTH * share} height={HEIGHT} fill="var(--color-accent)" />
        {share > 0 && share < 1 && (
          <line
            x1={WIDTH * share}
            x2={WIDTH * share}
            y2={HEIGHT}
            stroke="var(--color-canvas)"
            strokeWidth={2}
            vectorEffect="non-scaling-stroke"
          />
        )}
      </svg>
      <p aria-hidden="true" className="mt-2 flex flex-wrap justify-between gap-x-6 gap-y-1 text-sm">
        <span className="flex items-center gap-2">
          <span className="size-2.5 rounded-full bg-accent" />
          {machine}
        </span>
        <span className="flex items-center gap-2">
          <span className="size-2.5 rounded-full bg-warn" />
          {human}
        </span>
      </p>
    </Section>
  );
}
