import type { SignalStatus } from "@/api/types";
import { SIGNAL_WORD } from "@/lib/words";
import type { Point } from "@/live/state";
import { useClock } from "@/ui/clock";
import { Sparkline } from "@/ui/Sparkline";
import { TEXT } from "@/ui/tone";
import { Tooltip } from "@/ui/Tooltip";

import { canaryTime, describeMetrics, healthText, toneOf } from "./measures";

const STEP_MS = 5000;

interface SignalRowProps {
  readonly signal: SignalStatus;
  readonly points: readonly Point[];
  readonly threshold: number;
  /** How long ago it was measured, where that is too long to call it the present state; else null. */
  readonly staleFor: string | null;
  /** With what was measured below it. */
  readonly isDetailed: boolean;
}

/** One signal: how healthy it is, and how it went over the last minutes. */
export function SignalRow({ signal, points, threshold, staleFor, isDetailed }: SignalRowProps) {
  const tone = staleFor === null ? toneOf(signal.health, threshold) : "neutral";
  const took = canaryTime(signal);
  return (
    <li className="py-0.5">
      <Tooltip content={<Facts signal={signal} />}>
        <div className="grid grid-cols-[minmax(0,8.5rem)_minmax(2.5rem,1fr)_2.25rem] items-center gap-x-2">
          <span className="text-xs text-muted">
            {SIGNAL_WORD[signal.name]}
            {took !== null && <span className="ml-1 font-mono whitespace-nowrap text-ink">{took}</span>}
          </span>
          <History signal={signal} points={points} threshold={threshold} />
          <span className={`tabular text-right font-mono text-sm ${TEXT[tone]}`}>
            <span aria-hidden="true">{healthText(signal.health)}</span>
            <span className="sr-only">{sayHealth(signal.health, threshold, staleFor)}</span>
          </span>
        </div>
      </Tooltip>
      {isDetailed && (
        <div className="mt-0.5 mb-1.5 text-xs text-muted">
          <Facts signal={signal} />
        </div>
      )}
    </li>
  );
}

function sayHealth(health: number | null, threshold: number, staleFor: string | null): string {
  if (health === null) return "not measured";
  const below = health < threshold ? `, below the threshold of ${threshold}` : "";
  return `${healthText(health)} of 100${below}${staleFor === null ? "" : `, as of ${staleFor} ago`}`;
}

function History({ signal, points, threshold }: Omit<SignalRowProps, "isDetailed" | "staleFor">) {
  const now = useClock((time) => Math.ceil(time / STEP_MS) * STEP_MS);
  return (
    <div className="h-5 [&>svg]:h-5">
      <Sparkline
        points={points}
        threshold={threshold}
        now={now}
        label={`${SIGNAL_WORD[signal.name]} over the last 5 minutes`}
      />
    </div>
  );
}

/** The sentence and the numbers that the health comes from. */
function Facts({ signal }: { readonly signal: SignalStatus }) {
  const metrics = describeMetrics(signal);
  if (metrics.length === 0 && signal.message === "") return "There are no details of this measurement.";
  return (
    <>
      {signal.message !== "" && <p>{signal.message}</p>}
      <dl className="flex flex-wrap gap-x-3">
        {metrics.map(([word, value]) => (
          <div key={word} className="flex gap-1">
            <dt>{word}</dt>
            <dd className="tabular font-mono text-ink">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
