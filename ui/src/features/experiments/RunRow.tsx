import { ChevronRight } from "lucide-react";
import { clsx } from "clsx";
import { memo, type ReactNode, useId, useState } from "react";

import type { Experiment } from "@/api/types";
import { formatPrecise } from "@/lib/format";
import { marksOf } from "@/lib/grades";
import { EXPERIMENT_TONE, EXPERIMENT_WORD, FAULT_WORD } from "@/lib/words";
import { Badge } from "@/ui/Badge";
import { Ago, Elapsed, Remaining } from "@/ui/clock";
import { GradeMarks } from "@/ui/GradeMarks";
import { IncidentLink } from "@/ui/IncidentLink";

import { RunDetails } from "./RunDetails";
import { healedWord, systemsOf, tookSeconds } from "./runs";

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

/** Widths of the cells where they stand in columns; `RunHeadings` has the same. */
const WIDTH = {
  status: "lg:w-24",
  started: "lg:w-22",
  time: "lg:w-30",
  healedBy: "lg:w-22",
  incident: "lg:w-24",
  grade: "lg:w-24",
} as const;

/** What the columns are, for the eye: each cell says its own name to screen readers. */
export function RunHeadings() {
  return (
    <div aria-hidden="true" className="label hidden gap-x-4 pb-1 lg:flex">
      <span className="flex-1 pl-5.5">Fault</span>
      <span className={WIDTH.status}>Status</span>
      <span className={WIDTH.started}>Started</span>
      <span className={WIDTH.time}>Time</span>
      <span className={WIDTH.healedBy}>Healed by</span>
      <span className={WIDTH.incident}>Incident</span>
      <span className={WIDTH.grade}>Grade</span>
    </div>
  );
}

function Cells({ run, number }: RunRowProps) {
  const { grade } = run;
  const healedBy = healedWord(run);
  return (
    <dl className="flex flex-wrap items-center gap-x-4 gap-y-1 pl-5.5 text-sm lg:flex-nowrap lg:pl-0">
      <Cell name="Status" className={WIDTH.status}>
        <Badge tone={EXPERIMENT_TONE[run.status]}>{EXPERIMENT_WORD[run.status]}</Badge>
        {run.dry_run && <span className="ml-1 text-xs text-muted">dry run</span>}
      </Cell>
      <Cell name="Started" className={clsx("tabular font-mono text-xs text-muted", WIDTH.started)}>
        {run.created_at === null ? "unknown" : <Ago at={run.created_at} />}
      </Cell>
      <Cell name="Time" className={clsx("tabular font-mono text-xs", WIDTH.time)}>
        <Time run={run} />
      </Cell>
      <Cell name="Healed by" className={clsx("text-xs", WIDTH.healedBy)} isMissing={healedBy === null}>
        {healedBy ?? <Unknown />}
      </Cell>
      <Cell name="Incident" className={WIDTH.incident} isMissing={run.incidents.length === 0}>
        <Opened run={run} number={number} />
      </Cell>
      <Cell name="Grade" className={WIDTH.grade} isMissing={grade === null}>
        {grade === null ? <Unknown word="not graded" /> : <GradeMarks marks={marksOf(grade, run.fault.type)} />}
      </Cell>
    </dl>
  );
}

interface CellProps {
  readonly name: string;
  readonly className: string;
  /** There is nothing in it: it only keeps the column. */
  readonly isMissing?: boolean;
  readonly children: ReactNode;
}

function Cell({ name, className, isMissing = false, children }: CellProps) {
  return (
    <div className={clsx("items-center", isMissing ? "hidden lg:flex" : "flex", className)}>
      <dt className={name === "Healed by" ? "mr-1 text-muted lg:sr-only" : "sr-only"}>{name}</dt>
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
function Opened({ run, number }: RunRowProps) {
  const [name] = run.incidents;
  if (name === undefined) return <Unknown />;
  const more = run.incidents.length - 1;
  return (
    <>
      <IncidentLink incident={{ id: name, name, number }} />
      {more > 0 && <span className="ml-1 text-xs text-muted">and {more} more</span>}
    </>
  );
}
