import type { ReactNode } from "react";

import type { Experiment } from "@/api/types";
import { formatDateTime, formatDuration } from "@/lib/format";
import { marksOf, tookOf } from "@/lib/grades";
import { ACTION_WORD, FAULT_WORD, SIGNAL_WORD } from "@/lib/words";
import { MarkList, TimeList } from "@/ui/GradeList";

import { type Effect, effectsOf } from "./runs";
import { Undone } from "./Undone";

/** All that is known of a run: what it did, how it was undone, and how it was handled. */
export function RunDetails({ id, run }: { readonly id: string; readonly run: Experiment }) {
  return (
    <div id={id} className="mb-3 ml-0 flex flex-col gap-5 rounded-md bg-sunken px-4 py-4 text-sm sm:ml-5.5">
      <Why run={run} />
      <div className="grid gap-x-8 gap-y-5 md:grid-cols-2 xl:grid-cols-3">
        <Part title="Effect">
          <Effects effects={effectsOf(run)} />
        </Part>
        <Part title="Undo">
          <Undone run={run} />
        </Part>
        <Part title="Grade">
          <Graded run={run} />
        </Part>
      </div>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="min-w-0">
      <h3 className="label mb-1.5">{title}</h3>
      {children}
    </section>
  );
}

function Why({ run }: { readonly run: Experiment }) {
  const begun = run.injected_at ?? run.started_at;
  return (
    <div>
      <p>
        <code>{run.name}</code>
        {run.scenario === "" ? ", not from the catalogue" : ""}, at most {formatDuration(run.duration_seconds)}
        {begun !== null && `, began ${formatDateTime(begun)}`}
        {run.recovered_at !== null && `, removal proven ${formatDateTime(run.recovered_at)}`}
      </p>
      {(run.reason !== "" || run.message !== "") && (
        <p className="mt-1 text-muted">
          {run.reason !== "" && <code className="mr-1.5">{run.reason}</code>}
          {run.message}
        </p>
      )}
    </div>
  );
}

function Effects({ effects }: { readonly effects: readonly Effect[] }) {
  if (effects.length === 0) return <p className="text-muted">Nothing was measured before or during the fault.</p>;
  const isOne = new Set(effects.map(({ system }) => system)).size === 1;
  return (
    <table className="w-full text-xs">
      <thead className="text-left text-muted">
        <tr>
          <th className="pr-2 pb-1 font-semibold">Signal</th>
          <th className="pr-2 pb-1 text-right font-semibold">Before</th>
          <th className="pb-1 text-right font-semibold">During</th>
        </tr>
      </thead>
      <tbody>
        {effects.map(({ system, signal, before, under }) => (
          <tr key={`${system} ${signal}`}>
            <th className="py-0.5 pr-2 text-left font-normal">
              {SIGNAL_WORD[signal]}
              {!isOne && <span className="text-muted"> of {system}</span>}
            </th>
            <td className="tabular pr-2 text-right font-mono">{health(before)}</td>
            <td className="tabular text-right font-mono">
              {under === undefined ? <span className="font-sans text-faint">unchanged</span> : health(under)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function health(value: number | null): ReactNode {
  return value === null ? <span className="font-sans text-faint">unknown</span> : Math.round(value);
}

function Graded({ run }: { readonly run: Experiment }) {
  const { grade: report, fault } = run;
  if (report === null) return <p className="text-muted">It is graded once it is over and its incident is resolved.</p>;
  const { diagnosis, plan, durations } = report;
  const cause = diagnosis.fault_type === null ? "no cause" : FAULT_WORD[diagnosis.fault_type];
  return (
    <div className="flex flex-col gap-2">
      <p className="font-semibold">{report.grade.passed ? "Passed" : "Not passed"}</p>
      <MarkList marks={marksOf(report, fault.type)} />
      <p className="text-xs text-muted">
        {diagnosis.provider === "" ? "Nobody diagnosed it" : `${diagnosis.provider} named ${cause}`}
        {plan.actions.length > 0 &&
          `; done: ${plan.actions.map((action) => ACTION_WORD[action].toLowerCase()).join(", ")}`}
        {plan.approved_by !== "" && `, approved by ${plan.approved_by}`}.
      </p>
      <TimeList times={tookOf(durations)} />
    </div>
  );
}
