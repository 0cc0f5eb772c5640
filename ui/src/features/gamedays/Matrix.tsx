import { clsx } from "clsx";
import { Ban, Check, Circle, LoaderCircle, X } from "lucide-react";
import { Link } from "wouter";

import { formatPrecise } from "@/lib/format";
import { marksOf, sayMarks } from "@/lib/grades";
import { incidentPath } from "@/lib/paths";
import { FAULT_WORD } from "@/lib/words";

import { type DrillRow, type Outcome, percent, type Run } from "./scoreboard";

interface MatrixProps {
  readonly name: string;
  readonly rows: readonly DrillRow[];
}

/** Drills by runs. It scrolls by itself where there are more runs than room. */
export function Matrix({ name, rows }: MatrixProps) {
  if (rows.length === 0) return <p className="text-sm text-muted">This suite has no drills.</p>;
  const most = Math.max(...rows.map(({ runs }) => runs.length));
  return (
    <div role="region" aria-label={`Runs of ${name}`} tabIndex={0} className="relative overflow-x-auto">
      <table className="text-sm">
        <thead className="text-left text-xs text-muted">
          <tr>
            <th className="pr-4 pb-1 font-semibold">Drill</th>
            {Array.from({ length: most }, (_, index) => (
              <th key={index} className="tabular px-1 pb-1 text-center font-mono font-medium">
                <span className="sr-only">Run </span>
                {index + 1}
              </th>
            ))}
            <th className="pb-1 pl-4 text-right font-semibold">Passed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <DrillLine key={row.name} row={row} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DrillLine({ row, most }: { readonly row: DrillRow; readonly most: number }) {
  const rate = percent(row.passed);
  return (
    <tr className="border-t border-line">
      <th className="min-w-40 py-2 pr-4 text-left font-normal">
        <span className="block font-semibold">{row.name}</span>
        <span className="block text-xs text-muted">{FAULT_WORD[row.fault]}</span>
      </th>
      {Array.from({ length: most }, (_, index) => {
        const run = row.runs[index];
        return (
          <td key={index} className="px-1 py-2 text-center">
            {run !== undefined && <Cell run={run} row={row} />}
          </td>
        );
      })}
      <td className="tabular py-2 pl-4 text-right font-mono whitespace-nowrap">
        {rate ?? <span className="font-sans text-faint">unknown</span>}
        <span className="ml-2 text-xs text-muted">
          {row.passed.right} of {row.passed.n}
        </span>
      </td>
    </tr>
  );
}

const LOOK: Record<Outcome, { readonly Icon: typeof Check; readonly word: string; readonly look: string }> = {
  passed: { Icon: Check, word: "passed", look: "bg-ok-soft text-ok" },
  failed: { Icon: X, word: "failed", look: "bg-danger text-on-danger" },
  running: { Icon: LoaderCircle, word: "running", look: "bg-violet-soft text-violet" },
  aborted: { Icon: Ban, word: "not graded", look: "bg-sunken text-muted" },
  waiting: { Icon: Circle, word: "not begun", look: "text-faint" },
};

/** What became of one run; it leads to its incident where there was one. */
function Cell({ run, row }: { readonly run: Run; readonly row: DrillRow }) {
  const { Icon, word, look } = LOOK[run.outcome];
  const said = `${row.name}, run ${run.run}: ${word}${describe(run, row)}`;
  const shape = clsx("inline-flex size-7 items-center justify-center rounded-sm", look);
  const { name, number } = run.report?.incident ?? { name: "", number: "" };
  if (name === "") {
    return (
      <span role="img" aria-label={said} title={said} className={shape}>
        <Icon size={15} aria-hidden="true" />
      </span>
    );
  }
  return (
    <Link href={incidentPath({ id: name, number })} aria-label={said} title={said} className={shape}>
      <Icon size={15} aria-hidden="true" />
    </Link>
  );
}

function describe({ report }: Run, { fault }: DrillRow): string {
  if (report === null) return "";
  const { total } = report.durations;
  return `. ${sayMarks(marksOf(report, fault))}${total === null ? "" : `. Total ${formatPrecise(total)}`}`;
}
