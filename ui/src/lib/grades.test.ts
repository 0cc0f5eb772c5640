import { describe, expect, it } from "vitest";

import { aReport } from "@/testing/things";

import { marksOf, sayMarks } from "./grades";

describe("marksOf", () => {
  it("answers five questions", () => {
    const marks = marksOf(aReport({ grade: { cause_correct: false } }), "RedisMemory");
    expect(marks.map(({ name, isRight }) => [name, isRight])).toEqual([
      ["Detected", true],
      ["Cause", false],
      ["Fix", true],
      ["Proven", true],
      ["Clean", true],
    ]);
    expect(sayMarks(marks)).toContain("Cause: no, the right cause was not named; Fix: yes");
  });

  it("counts what was left and what was lost as one mark", () => {
    const clean = marksOf(aReport({ grade: { residue: 1, collateral: 2 } }), "DiskFill").at(-1);
    expect(clean?.isRight).toBe(false);
    expect(clean?.said).toBe("1 leftover of the fault, 2 ordinary keys, rows or files lost");
  });

  it("takes a control's silence for right", () => {
    expect(marksOf(aReport(), "None")[0]?.said).toBe("no false alarm");
    expect(marksOf(aReport({ grade: { detected: false } }), "None")[0]?.said).toBe("a false alarm");
  });
});
