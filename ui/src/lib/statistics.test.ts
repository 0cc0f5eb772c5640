import { describe, expect, it } from "vitest";

import { mean, summarise, summariseKnown } from "./statistics";

describe("summarise", () => {
  it.each([
    [[], { n: 0, median: null, p90: null }],
    [[3], { n: 1, median: 3, p90: null }],
    [[4, 1], { n: 2, median: 2.5, p90: null }],
    [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], { n: 11, median: 5, p90: 9 }],
  ])("%j", (values, summary) => {
    expect(summarise(values)).toEqual(summary);
  });

  it("can leave out what is not known", () => {
    expect(summariseKnown([null, 9, null, 1, 4])).toEqual({ n: 3, median: 4, p90: null });
  });

  it("has no mean of nothing", () => {
    expect(mean([])).toBeNull();
    expect(mean([1, 2])).toBe(1.5);
  });
});
