import { Check, X } from "lucide-react";
import { Link } from "wouter";

import type { DrillReport, Experiment } from "@/api/types";
import { formatPrecise, sentence } from "@/lib/format";
import { incidentPath } from "@/lib/paths";
import { Button } from "@/ui/Button";

import { Lines } from "./Lines";
import { follow } from "./memory";
import type { Progress } from "./progress";

/** The end of a drill: what was right, how long it took and who took it, and what can be done next. */
export function Summary({ experiment, progress }: { readonly experiment: Experiment; readonly progress: Progress }) {
  const { grade } = experiment;
  const { incident } = progress;
  return (
    <div data-summary className="mt-2 border-t border-line pt-3">
      {grade === null ? (
        <Lines>
          <p>{sentence(experiment.message) || "It ended without a grade."}</p>
        </Lines>
      ) : (
        <>
          <Marks report={grade} />
          <Times durations={grade.durations} />
          {experiment.message !== "" && <p className="mt-2 text-xs text-muted">{sentence(experiment.message)}</p>}
        </>
      )}
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <Button variant="primary" size="sm" onClick={() => follow(null)}>
          Run another
        </Button>
        {incident !== null && (
          <Link href={incidentPath(incident)} className={LINK}>
            The whole story
          </Link>
        )}
        <Link href="/analytics" className={LINK}>
          Figures
        </Link>
      </div>
    </div>
  );
}

const LINK =
  "inline-flex min-h-7 items-center rounded-md px-2 text-xs font-semibold text-accent underline hover:bg-hover";

function Marks({ report: { grade } }: { readonly report: DrillReport }) {
  const marks: readonly (readonly [string, boolean])[] = [
    ["Detected", grade.detected],
    ["Right cause", grade.cause_correct],
    ["Right fix", grade.action_correct],
    ["Proven", grade.verified],
    [grade.residue === 0 ? "Nothing left behind" : `${grade.residue} left behind`, grade.residue === 0],
    [
      grade.collateral === 0 ? "No ordinary data lost" : `${grade.collateral} of ordinary data lost`,
      grade.collateral === 0,
    ],
  ];
  return (
    <ul className="grid grid-cols-2 gap-x-3 gap-y-1 text-xs">
      {marks.map(([words, isRight]) => (
        <li key={words} className="flex items-center gap-1.5">
          {isRight ? (
            <Check size={14} aria-hidden="true" className="shrink-0 text-ok" />
          ) : (
            <X size={14} aria-hidden="true" className="shrink-0 text-danger" />
          )}
          <span>
            {words}
            <span className="sr-only">: {isRight ? "yes" : "no"}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Times({ durations }: { readonly durations: DrillReport["durations"] }) {
  const times: readonly (readonly [string, number | null])[] = [
    ["Total", durations.total],
    ["Machine", durations.machine],
    ["Waiting for a person", durations.approve],
    ["Proving it", durations.hold],
  ];
  return (
    <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 text-xs">
      {times.map(([word, seconds]) => (
        <div key={word} className="contents">
          <dt className="text-muted">{word}</dt>
          <dd className="text-right font-mono">{seconds === null ? "not known" : formatPrecise(seconds)}</dd>
        </div>
      ))}
    </dl>
  );
}
