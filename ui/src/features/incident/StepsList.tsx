import { clsx } from "clsx";
import { CircleAlert, CircleCheck, CircleDashed, CircleMinus, LoaderCircle } from "lucide-react";

import type { Action, ActionResult, Plan } from "@/api/types";
import { formatPrecise, secondsBetween } from "@/lib/format";
import { ACTION_WORD, RISK_TONE } from "@/lib/words";
import { Badge } from "@/ui/Badge";

import { EvidenceChanges } from "./EvidenceChanges";
import { type Step, type StepState, toSteps } from "./steps";
import { paramsOf } from "./words";

const LOOK: Record<StepState, { Icon: typeof CircleCheck; color: string; word: string }> = {
  pending: { Icon: CircleDashed, color: "text-faint", word: "Pending" },
  running: { Icon: LoaderCircle, color: "text-violet", word: "Running" },
  done: { Icon: CircleCheck, color: "text-ok", word: "Done" },
  failed: { Icon: CircleAlert, color: "text-danger", word: "Failed" },
  skipped: { Icon: CircleMinus, color: "text-faint", word: "Not run" },
};

/** The plan's steps one by one, as they are, and as they run. */
export function StepsList({ plan }: { readonly plan: Plan }) {
  const steps = toSteps(plan);
  return (
    <div>
      <h4 className="label mb-2">{steps.length === 1 ? "Step" : `${steps.length} steps, in this order`}</h4>
      {steps.length === 0 && <p className="text-sm text-muted">The plan has no steps.</p>}
      <ol className="flex flex-col gap-4">
        {steps.map((step) => (
          <StepRow key={step.action.id} step={step} />
        ))}
      </ol>
    </div>
  );
}

function StepRow({ step }: { readonly step: Step }) {
  const { Icon, color, word } = LOOK[step.state];
  return (
    <li className="flex gap-2.5">
      <Icon
        size={18}
        aria-hidden="true"
        className={clsx("mt-px shrink-0", color, step.state === "running" && "turning")}
      />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <ActionText action={step.action} />
        {step.result === null ? (
          <p className="text-xs text-muted">{word}</p>
        ) : (
          <Result result={step.result} word={word} color={color} />
        )}
      </div>
    </li>
  );
}

/** What a step does, on what, with what, and at which risk. */
export function ActionText({ action }: { readonly action: Action }) {
  const params = paramsOf(action.params);
  return (
    <>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
        <span className="font-semibold">{ACTION_WORD[action.type]}</span>
        <span className="text-muted">
          on <span className="font-mono text-xs text-ink">{action.system}</span>
        </span>
        <Badge tone={RISK_TONE[action.risk]}>{action.risk} risk</Badge>
        <span className="text-xs text-muted">{action.reversible ? "can be taken back" : "cannot be taken back"}</span>
      </p>
      {params.length > 0 && (
        <dl className="flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
          {params.map(([name, value]) => (
            <div key={name} className="flex min-w-0 gap-1.5">
              <dt className="text-muted">{name}</dt>
              <dd className="min-w-0 font-mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {action.expected_impact !== "" && <p className="text-sm text-muted">{action.expected_impact}</p>}
    </>
  );
}

interface ResultProps {
  readonly result: ActionResult;
  readonly word: string;
  readonly color: string;
}

function Result({ result, word, color }: ResultProps) {
  const seconds = secondsBetween(result.started_at, result.ended_at);
  return (
    <>
      <p className="text-sm">
        <span className={clsx("font-semibold", color)}>{word}</span>
        {seconds !== null && <span className="tabular font-mono text-xs text-muted"> in {formatPrecise(seconds)}</span>}
        {result.output !== "" && <span>: {result.output}</span>}
      </p>
      <EvidenceChanges result={result} />
      {result.rolled_back !== null && (
        <p className="text-sm">
          <span className={clsx("font-semibold", backLook(result.rolled_back).color)}>
            {backLook(result.rolled_back).word}
          </span>
          {result.rolled_back.output !== "" && <span>: {result.rolled_back.output}</span>}
        </p>
      )}
    </>
  );
}

/** How far the taking back of a step is. */
function backLook({ ended_at, succeeded }: NonNullable<ActionResult["rolled_back"]>) {
  if (ended_at === null) return { word: "Is being taken back", color: "text-violet" };
  return succeeded
    ? { word: "Taken back", color: "text-ok" }
    : { word: "Could not be taken back", color: "text-danger" };
}
