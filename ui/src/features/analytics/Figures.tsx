import type { ReactNode } from "react";

import { countOf, formatPrecise, formatShare } from "@/lib/format";
import { FEWEST_FOR_P90, type Summary } from "@/lib/statistics";

import type { Analysis } from "./analyse";

/** The few numbers that are looked at first; each says of how many it is, and what it leaves out. */
export function Figures({ analysis }: { readonly analysis: Analysis }) {
  const { detect, acknowledge, resolve, cases } = analysis;
  return (
    <section
      aria-label="Figures"
      className="grid gap-x-6 gap-y-5 border-y border-line py-5 sm:grid-cols-2 lg:grid-cols-4"
    >
      <Time name="Time to detect" short="MTTD" summary={detect} note={noteOfDetect(analysis)} />
      <Time
        name="Time to acknowledge"
        short="MTTA"
        summary={acknowledge}
        note={leftOutNote([[cases.length - acknowledge.n, "not acknowledged"]])}
      />
      <Time name="Time to resolve" short="MTTR" summary={resolve} note={noteOfResolve(analysis)} />
      <Kept analysis={analysis} />
    </section>
  );
}

function noteOfDetect({ detect, detectFromInjection, cases }: Analysis): string {
  const fromBreach = detect.n - detectFromInjection;
  const from = [
    ...(detectFromInjection > 0 ? [`${detectFromInjection} counted from the injection`] : []),
    ...(fromBreach > 0 ? [`${fromBreach} counted from the first bad measurement`] : []),
  ];
  return [from.join(", "), leftOutNote([[cases.length - detect.n, "with an unknown beginning"]])]
    .filter(Boolean)
    .join("; ");
}

function noteOfResolve({ leftOut }: Analysis): string {
  return leftOutNote([
    [leftOut.open, "open"],
    [leftOut.merged, "merged"],
    [leftOut["false-alarm"], leftOut["false-alarm"] === 1 ? "false alarm" : "false alarms"],
  ]);
}

/** "not counted: 2 open, 1 merged"; empty where nothing is. */
function leftOutNote(counts: readonly (readonly [number, string])[]): string {
  const told = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return told.length === 0 ? "" : `not counted: ${told.join(", ")}`;
}

interface TimeProps {
  readonly name: string;
  readonly short: string;
  readonly summary: Summary;
  readonly note: string;
}

function Time({ name, short, summary, note }: TimeProps) {
  return (
    <Figure name={name} short={short} value={summary.median === null ? "–" : formatPrecise(summary.median)}>
      {summary.median === null ? <p>No incident has it yet.</p> : <Spread summary={summary} />}
      {note !== "" && <p className="text-faint first-letter:uppercase">{note}.</p>}
    </Figure>
  );
}

function Spread({ summary: { n, p90 } }: { readonly summary: Summary }) {
  return (
    <p>
      Median of {n};{" "}
      {p90 === null ? (
        `a p90 needs at least ${FEWEST_FOR_P90}`
      ) : (
        <>
          p90 <span className="font-mono text-ink">{formatPrecise(p90)}</span>
        </>
      )}
    </p>
  );
}

/** Drills that passed, and times to answer that were kept. */
function Kept({ analysis: { graded, passed, unnoticed, sla } }: { readonly analysis: Analysis }) {
  const judged = sla === null ? 0 : sla.kept + sla.missed;
  return (
    <Figure name="Drills passed" value={graded === 0 ? "–" : `${passed} of ${graded}`}>
      <p>
        {graded === 0 ? "No drill was graded." : formatShare(passed, graded)}
        {unnoticed > 0 && `, ${countOf(unnoticed, "drill")} not detected`}
      </p>
      {sla !== null && (
        <p>
          Resolved in time: {judged === 0 ? "none yet" : `${sla.kept} of ${judged} (${formatShare(sla.kept, judged)})`}
          {sla.late > 0 && `; ${sla.late} open and late`}
        </p>
      )}
    </Figure>
  );
}

interface FigureProps {
  readonly name: string;
  readonly short?: string;
  readonly value: string;
  readonly children: ReactNode;
}

function Figure({ name, short, value, children }: FigureProps) {
  return (
    <div className="flex flex-col gap-1">
      <h2 className="label">
        {name} {short !== undefined && <abbr className="ml-1 font-normal no-underline">{short}</abbr>}
      </h2>
      <p className="tabular font-mono text-xl font-medium">{value}</p>
      <div className="flex flex-col gap-0.5 text-xs text-muted">{children}</div>
    </div>
  );
}
