import { clsx } from "clsx";

import type { Plan, VerificationSample } from "@/api/types";
import { countOf, formatClock, formatPrecise } from "@/lib/format";
import { SIGNAL_WORD, type Tone } from "@/lib/words";
import { TEXT } from "@/ui/tone";

import { type CheckProgress, type CheckState, toChecks } from "./checks";

const TONE: Record<CheckState, Tone> = {
  later: "neutral",
  never: "neutral",
  waiting: "warn",
  holding: "violet",
  held: "ok",
  missed: "danger",
};

/** What has to hold before the plan counts as a success, with every measurement of it. */
export function ChecksList({ plan }: { readonly plan: Plan }) {
  const checks = toChecks(plan);
  return (
    <div>
      <h4 className="label mb-2">What has to hold afterwards</h4>
      {checks.length === 0 && <p className="text-sm text-danger">Nothing is checked, so the plan cannot succeed.</p>}
      <ul className="flex flex-col gap-2.5">
        {checks.map((progress, index) => (
          <CheckRow key={index} progress={progress} />
        ))}
      </ul>
    </div>
  );
}

function CheckRow({ progress }: { readonly progress: CheckProgress }) {
  const { check, samples, state } = progress;
  return (
    <li className="flex flex-col gap-1 text-sm">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span>
          <span className="font-semibold">{SIGNAL_WORD[check.signal]}</span>{" "}
          <span className="text-muted">
            of <span className="font-mono text-xs text-ink">{check.system}</span> at least{" "}
            <span className="tabular font-mono text-xs text-ink">{check.min_health} %</span> for{" "}
            <span className="tabular font-mono text-xs text-ink">{check.hold_seconds} s</span>
          </span>
        </span>
        <span className={clsx("ml-auto text-xs font-semibold", TEXT[TONE[state]])}>{stateText(progress)}</span>
      </p>
      {samples.length > 0 && <Strip samples={samples} />}
    </li>
  );
}

function stateText({ check, state, heldSeconds, leftSeconds }: CheckProgress): string {
  switch (state) {
    case "later":
      return "not measured yet";
    case "never":
      return "not measured";
    case "waiting":
      return `not yet; it has to begin within ${check.timeout_seconds} s`;
    case "holding":
      return `held for ${formatPrecise(heldSeconds)}, ${formatPrecise(leftSeconds)} to go`;
    case "held":
      return heldSeconds > 0 ? `held for ${formatPrecise(heldSeconds)}` : "held";
    case "missed":
      return "did not hold";
  }
}

/** Each measurement as a dot: filled where it was good enough, a ring where it was not. */
function Strip({ samples }: { readonly samples: readonly VerificationSample[] }) {
  const good = samples.filter(({ ok }) => ok).length;
  return (
    <div
      role="img"
      aria-label={`${countOf(samples.length, "measurement")}, ${good} good enough`}
      className="flex flex-wrap gap-1"
    >
      {samples.map((sample) => (
        <span
          key={sample.at}
          title={`${formatClock(sample.at)}: ${sample.health === null ? "unknown" : `${sample.health} %`}`}
          className={clsx("size-2.5 rounded-full border", sample.ok ? "border-ok bg-ok" : "border-danger")}
        />
      ))}
    </div>
  );
}
