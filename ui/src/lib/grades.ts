/** What a drill's report says, in words: the five questions that its grade answers, and how long each part took. */
import type { DrillReport, FaultType } from "@/api/types";

import { countOf } from "./format";

export interface Mark {
  readonly name: string;
  readonly isRight: boolean;
  /** What the mark says this time. */
  readonly said: string;
}

/** In the order of a drill. Of a control, where nothing was injected, it is right that nothing was detected. */
export function marksOf({ grade }: Pick<DrillReport, "grade">, fault: FaultType): readonly Mark[] {
  const isControl = fault === "None";
  const found = isControl ? ["no false alarm", "a false alarm"] : ["an incident was opened", "no incident was opened"];
  const left = [
    grade.residue > 0 ? `${countOf(grade.residue, "leftover")} of the fault` : "",
    grade.collateral > 0
      ? `${countOf(grade.collateral, "ordinary key, row or file", "ordinary keys, rows or files")} lost`
      : "",
  ].filter(Boolean);
  return [
    mark("Detected", grade.detected, found[0], found[1]),
    mark("Cause", grade.cause_correct, "the right cause was named", "the right cause was not named"),
    mark("Fix", grade.action_correct, "every action was acceptable", "no acceptable fix, or data was lost by it"),
    mark("Proven", grade.verified, "recovery was measured before it was resolved", "recovery was not measured"),
    mark("Clean", left.length === 0, "nothing left behind, nothing lost", left.join(", ")),
  ];
}

function mark(name: string, isRight: boolean, right = "", wrong = ""): Mark {
  return { name, isRight, said: isRight ? right : wrong };
}

/** All of them in one sentence, for who cannot see them. */
export function sayMarks(marks: readonly Mark[]): string {
  return marks.map(({ name, isRight, said }) => `${name}: ${isRight ? "yes" : "no"}, ${said}`).join("; ");
}

type Durations = DrillReport["durations"];

const DURATION_WORD: Record<keyof Durations, string> = {
  detect: "Detect",
  diagnose: "Diagnose",
  propose: "Propose",
  approve: "Waiting for a person",
  execute: "Execute",
  verify: "Verify, with the hold window",
  hold: "Hold window",
  resolve: "Resolve",
  machine: "Machine, without the hold window",
  total: "Total",
};

/** Every part of a drill's time, in the order in which they come. */
const DURATIONS = Object.keys(DURATION_WORD) as readonly (keyof Durations)[]; // the keys are what the type says

export interface Took {
  readonly name: string;
  /** Null where it did not come to that. */
  readonly seconds: number | null;
}

export function tookOf(durations: Durations, parts: readonly (keyof Durations)[] = DURATIONS): readonly Took[] {
  return parts.map((part) => ({ name: DURATION_WORD[part], seconds: durations[part] }));
}
