import { ChevronRight } from "lucide-react";
import { clsx } from "clsx";
import { memo, type ReactNode, useId, useState } from "react";
import { Link } from "wouter";

import type { Experiment } from "@/api/types";
import { formatPrecise } from "@/lib/format";
import { marksOf } from "@/lib/grades";
import { incidentPath } from "@/lib/paths";
import { EXPERIMENT_TONE, EXPERIMENT_WORD, FAULT_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";
import { Ago, Elapsed, Remaining } from "@/ui/clock";
import { GradeMarks } from "@/ui/GradeMarks";

import { RunDetails } from "./RunDetails";
import { HEALED_WORD, systemsOf, tookSeconds } from "./runs";

interface RunRowProps {
  readonly run: Experiment;
  /** Of its first incident; empty where it is not known. */
  readonly number: string;
}

/** One experiment in a line; the rest is folded out. */
export const RunRow = memo(function RunRow({ run, number }: RunRowProps) {
  const [isOpen, setIsOpen] = useState(false);
  const details = useId();
  return (
    <li>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2 lg:flex-nowrap">
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={isOpen ? details : undefined}
          onClick={() => setIsOpen(!isOpen)}
          className="flex min-w-0 flex-1 basis-64 items-start gap-1.5 rounded-sm text-left hover:bg-hover"
        >
          <ChevronRight
            size={16}
            aria-hidden="true"
            className={clsx("mt-0.5 shrink-0 text-faint transition-transform", isOpen && "rotate-90")}
          />
          <span className="min-w-0">
            <span className="block text-sm font-semibold">{FAULT_WORD[run.fault.type]}</span>
            <span className="block font-mono text-xs text-muted">{systemsOf(run) || "no system"}</span>
          </span>
        </button>
        <Cells run={run} number={number} />
      </div>
      {isOpen && <RunDetails id={details} run={run} />}
    </li>
  );
});

function Cells({ run, number }: RunRowProps) {
  return (
    <dl className="flex flex-wrap items-center gap-x-4 gap-y-1 pl-5.5 text-sm lg:flex-nowrap lg:pl-0">
      <Cell name="Status" className="lg:w-24">
        <Badge tone={EXPERIMENT_TONE[run.status]}>{EXPERIMENT_WORD[run.status]}</Badge>
        {run.dry_run && <span className="ml-1 text-xs text-muted">dry run</span>}
      </Cell>
      <Cell name="Started" className="tabular font-mono text-xs text-muted lg:w-20">
        {run.created_at === null ? "unknown" : <Ago at={run.created_at} />}
      </Cell>
      <Cell name="Time" className="tabular font-mono text-xs lg:w-24">
        <Time run={run} />
      </Cell>
      <Cell name="Healed by" className="text-xs lg:w-24">
        {run.healed_by === null ? <Unknown /> : `by ${HEALED_WORD[run.healed_by]}`}
      </Cell>
      <Cell name="Incident" className="lg:w-24">
        <IncidentLink run={run} number={number} />
      </Cell>
      <Cell name="Grade" className="lg:w-24">
        {run.grade === null ? <Unknown word="not graded" /> : <GradeMarks marks={marksOf(run.grade, run.fault.type)} />}
      </Cell>
    </dl>
  );
}

interface CellProps {
  readonly name: string;
  readonly className?: string;
  readonly children: ReactNode;
}

function Cell({ name, className, children }: CellProps) {
  return (
    <div className={clsx("flex items-center", className)}>
      <dt className="sr-only">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Unknown({ word = "none" }: { readonly word?: string }) {
  return (
    <span className="text-faint">
      <span aria-hidden="true">–</span>
      <span className="sr-only">{word}</span>
    </span>
  );
}

/** How long it lasted; while it goes on, how long it has to. */
function Time({ run }: { readonly run: Experiment }) {
  const took = tookSeconds(run);
  if (took !== null) return formatPrecise(took);
  if (run.status === "active" && run.expires_at !== null) {
    return (
      <>
        <Remaining until={run.expires_at} /> left
      </>
    );
  }
  if (run.status === "recovering" && run.injected_at !== null) return <Elapsed since={run.injected_at} />;
  return <Unknown word="unknown" />;
}

/** The details find an incident by its number, and before it has one by its name. */
function IncidentLink({ run, number }: RunRowProps) {
  const [name] = run.incidents;
  if (name === undefined) return <Unknown />;
  const more = run.incidents.length - 1;
  return (
    <>
      <Link
        href={incidentPath({ id: name, number })}
        className="inline-flex min-h-6 items-center font-mono text-accent underline underline-offset-2 hover:text-accent-hover"
      >
        {number === "" ? name : number}
      </Link>
      {more > 0 && <span className="ml-1 text-xs text-muted">and {more} more</span>}
    </>
  );
}
