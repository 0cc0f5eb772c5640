import { describe, expect, it } from "vitest";

import { mergeHistory } from "./history";

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const ms = (minute: number): number => Date.parse(at(minute));

describe("mergeHistory", () => {
  it("fills what was missed while there was no connection, in order and without repeats", () => {
    const known = new Map([["a", new Map([["memory" as const, [[ms(1), 90] as const, [ms(5), 60] as const]]])]]);
    const answer = {
      a: {
        memory: [[at(0), 95] as const, [at(1), 90] as const, [at(3), null] as const, [at(5), 60] as const],
      },
    };
    expect(mergeHistory(known, answer).get("a")?.get("memory")).toEqual([
      [ms(0), 95],
      [ms(1), 90],
      [ms(3), null],
      [ms(5), 60],
    ]);
  });
});
