import { Link } from "wouter";

import type { Experiment } from "@/api/types";
import { sentence } from "@/lib/format";
import { marksOf, tookOf } from "@/lib/grades";
import { incidentPath } from "@/lib/paths";
import { Button } from "@/ui/Button";
import { MarkList, TimeList } from "@/ui/GradeList";

import { ACTION, Lines } from "./Lines";
import { follow } from "./memory";
import type { Progress } from "./progress";

/** The few times that tell most to somebody who sees them first. */
const SHOWN = ["total", "machine", "approve", "hold"] as const;

/** The end of a drill: what was right, how long it took and who took it, and what can be done next. */
export function Summary({ experiment, progress }: { readonly experiment: Experiment; readonly progress: Progress }) {
  const { grade } = experiment;
  const { incident } = progress;
  return (
    <div data-summary className="mt-2 flex flex-col gap-3 border-t border-line pt-3">
      {grade === null ? (
        <Lines>
          <p>{sentence(experiment.message) || "It ended without a grade."}</p>
        </Lines>
      ) : (
        <div className="flex flex-col gap-3">
          <MarkList marks={marksOf(grade, experiment.fault.type)} />
          <TimeList times={tookOf(grade.durations, SHOWN)} />
          {experiment.message !== "" && <p className="text-xs text-muted">{sentence(experiment.message)}</p>}
        </div>
      )}
      <div className={`${ACTION} flex flex-wrap items-center gap-2`}>
        <Button variant="primary" size="sm" onClick={() => follow(null)}>
          Run another
        </Button>
        {incident !== null && (
          <Link href={incidentPath(incident)} className={LINK}>
            The whole story
          </Link>
        )}
        <Link href="/analytics" className={LINK}>
          Analytics
        </Link>
      </div>
    </div>
  );
}

const LINK =
  "inline-flex min-h-7 items-center rounded-md px-2 text-xs font-semibold text-accent underline hover:bg-hover";
