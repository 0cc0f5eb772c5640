/** All figures of the page, from what the filters let through. No clock: `now` is told. */
import type { Incident } from "@/api/types";
import { targetsOf } from "@/lib/experiments";
import { judgeSla, type SlaTargets } from "@/lib/sla";
import { mean, summarise, type Summary } from "@/lib/statistics";
import { FAULT_WORD } from "@/lib/words";
import type { Things } from "@/live/state";

import { type Bucket, countOverTime } from "./buckets";
import { type Case, collectCases, type LeftOut, type Run } from "./cases";
import { type Filters, timeOf } from "./filters";

export interface Split {
  readonly n: number;
  /** How many of them waited for a person. */
  readonly waited: number;
  /** Mean seconds, which add up to the mean of the whole. */
  readonly machine: number;
  readonly human: number;
}

export interface Group {
  readonly name: string;
  readonly n: number;
  readonly resolve: Summary;
  readonly relapses: number;
  readonly graded: number;
  readonly passed: number;
}

export interface Diagnoser {
  readonly provider: string;
  /** Incidents that it diagnosed. */
  readonly n: number;
  readonly graded: number;
  readonly right: number;
  /** Mean confidence, in percent; null where there was none. */
  readonly sureWhenRight: number | null;
  readonly sureWhenWrong: number | null;
}

interface SlaKept {
  readonly kept: number;
  readonly missed: number;
  /** Not resolved, and late already. */
  readonly late: number;
}

export interface Analysis {
  readonly cases: readonly Case[];
  readonly detect: Summary;
  /** How many of those are counted from the injection. */
  readonly detectFromInjection: number;
  readonly acknowledge: Summary;
  readonly resolve: Summary;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  /** Null where nothing was resolved. */
  readonly split: Split | null;
  readonly graded: number;
  readonly passed: number;
  /** Drills whose damage nobody noticed; they are among the graded. */
  readonly unnoticed: number;
  readonly frequency: readonly Bucket[];
  readonly byTeam: readonly Group[];
  readonly bySystem: readonly Group[];
  readonly byFault: readonly Group[];
  readonly diagnosers: readonly Diagnoser[];
  /** Null without targets. */
  readonly sla: SlaKept | null;
}

export function analyse(things: Things, filters: Filters, now: number, targets: SlaTargets | null): Analysis {
  const { cases, runs } = collectCases(things, filters, now);
  const times = cases.map(({ incident }) => timeOf(incident)).filter((time) => time !== null);
  return {
    cases,
    detect: summarise(known(cases, "detect")),
    detectFromInjection: cases.filter((each) => each.detect !== null && each.isFromInjection).length,
    acknowledge: summarise(known(cases, "acknowledge")),
    resolve: summarise(known(cases, "resolve")),
    leftOut: countLeftOut(cases),
    split: splitOf(cases),
    graded: runs.length,
    passed: runs.filter(({ report }) => report.grade.passed).length,
    unnoticed: runs.filter(({ report }) => !report.grade.detected).length,
    frequency: countOverTime(times, filters.range, now),
    byTeam: group(
      cases,
      runs,
      ({ team }) => [team || NO_TEAM],
      () => [],
    ),
    bySystem: group(
      cases,
      runs,
      ({ affected_systems: names }) => (names.length === 0 ? [NO_SYSTEM] : names),
      ({ experiment }) => targetsOf(experiment),
    ),
    byFault: groupByFault(cases, runs),
    diagnosers: diagnosersOf(cases),
    sla: targets === null ? null : slaOf(cases, targets, now),
  };
}

/** How what has none is called in a table. */
export const NO_TEAM = "No team";
const NO_SYSTEM = "No system";
export const NOT_KNOWN = "Not known";

type Measured = "detect" | "acknowledge" | "resolve" | "human" | "machine";

function known(cases: readonly Case[], what: Measured): readonly number[] {
  return cases.map((each) => each[what]).filter((seconds) => seconds !== null);
}

function countLeftOut(cases: readonly Case[]): Record<LeftOut, number> {
  const counts: Record<LeftOut, number> = { open: 0, merged: 0, "false-alarm": 0 };
  for (const { leftOut } of cases) if (leftOut !== null) counts[leftOut] += 1;
  return counts;
}

function splitOf(cases: readonly Case[]): Split | null {
  const resolved = cases.filter(({ resolve }) => resolve !== null);
  const machine = mean(known(resolved, "machine"));
  const human = mean(known(resolved, "human"));
  if (machine === null || human === null) return null;
  const waited = resolved.filter((each) => each.human !== null && each.human > 0).length;
  return { n: resolved.length, waited, machine, human };
}

type KeysOfIncident = (incident: Incident) => readonly string[];

/** One that belongs to several groups counts in each. Runs that were noticed belong where their incident does. */
function group(
  cases: readonly Case[],
  runs: readonly Run[],
  keys: KeysOfIncident,
  keysOfUnnoticed: (run: Run) => readonly string[],
): readonly Group[] {
  return tabulate(
    cases.map((each) => [keys(each.incident), each] as const),
    runs.map((run) => [run.incident === null ? keysOfUnnoticed(run) : keys(run.incident), run] as const),
  );
}

/** By what was injected; where nothing was, by what was diagnosed. */
function groupByFault(cases: readonly Case[], runs: readonly Run[]): readonly Group[] {
  const faultOf = ({ incident, experiment }: Case): string => {
    const fault = experiment?.fault.type ?? incident.analysis?.root_cause.fault_type ?? null;
    return fault === null ? NOT_KNOWN : FAULT_WORD[fault];
  };
  return tabulate(
    cases.map((each) => [[faultOf(each)], each] as const),
    runs.map((run) => [[FAULT_WORD[run.experiment.fault.type]], run] as const),
  );
}

function tabulate(
  cases: readonly (readonly [readonly string[], Case])[],
  runs: readonly (readonly [readonly string[], Run])[],
): readonly Group[] {
  const members = collect(cases);
  const graded = collect(runs);
  const names = new Set([...members.keys(), ...graded.keys()]);
  return [...names].map((name) => toGroup(name, members.get(name) ?? [], graded.get(name) ?? [])).sort(mostFirst);
}

function collect<T>(pairs: readonly (readonly [readonly string[], T])[]): ReadonlyMap<string, readonly T[]> {
  const lists = new Map<string, T[]>();
  for (const [keys, member] of pairs) {
    for (const key of keys) {
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [member]);
      else list.push(member);
    }
  }
  return lists;
}

function toGroup(name: string, cases: readonly Case[], runs: readonly Run[]): Group {
  return {
    name,
    n: cases.length,
    resolve: summarise(known(cases, "resolve")),
    relapses: cases.reduce((sum, { incident }) => sum + incident.relapses, 0),
    graded: runs.length,
    passed: runs.filter(({ report }) => report.grade.passed).length,
  };
}

function mostFirst(a: Group, b: Group): number {
  return b.n - a.n || (a.name < b.name ? -1 : 1);
}

function diagnosersOf(cases: readonly Case[]): readonly Diagnoser[] {
  const diagnosed = cases.filter(({ incident }) => incident.analysis !== null);
  const byProvider = collect(diagnosed.map((each) => [[providerOf(each)], each] as const));
  return [...byProvider]
    .map(([provider, its]): Diagnoser => {
      const graded = its.filter(({ report }) => report !== null && report.diagnosis.provider === provider);
      const right = graded.filter(({ report }) => report?.grade.cause_correct === true);
      const wrong = graded.filter(({ report }) => report?.grade.cause_correct !== true);
      return {
        provider,
        n: its.length,
        graded: graded.length,
        right: right.length,
        sureWhenRight: mean(confidences(right)),
        sureWhenWrong: mean(confidences(wrong)),
      };
    })
    .sort((a, b) => b.n - a.n || (a.provider < b.provider ? -1 : 1));
}

function providerOf({ incident }: Case): string {
  const provider = incident.analysis?.diagnosis_provider ?? "";
  return provider === "" ? NOT_KNOWN : provider;
}

function confidences(cases: readonly Case[]): readonly number[] {
  return cases.map(({ incident }) => incident.analysis?.confidence ?? null).filter((value) => value !== null);
}

/** What was merged or no incident at all has kept and missed nothing. */
function slaOf(cases: readonly Case[], targets: SlaTargets, now: number): SlaKept {
  const counts = { kept: 0, missed: 0, late: 0 };
  for (const { incident, leftOut } of cases) {
    if (leftOut === "merged" || leftOut === "false-alarm") continue;
    const state = judgeSla(incident, targets, now)?.state;
    if (state === "kept") counts.kept += 1;
    if (state === "missed") counts.missed += 1;
    if (state === "breached") counts.late += 1;
  }
  return counts;
}
