import { describe, expect, it } from "vitest";

import { linesOf, type SparkPoints, toY } from "./sparklines";

const SPAN = 120_000; // one unit of width a second
const y = (health: number): string => toY(health).toFixed(1);
const draw = (points: SparkPoints, threshold: number | null = 50) => linesOf(points, threshold, SPAN, SPAN);

describe("linesOf", () => {
  it("ends a line where its last measurement is no longer to be believed", () => {
    expect(draw([[10_000, 90]]).good).toBe(`M10.0 ${y(90)}L45.0 ${y(90)}`);
  });

  it("goes no further than now", () => {
    expect(draw([[110_000, 90]]).good).toBe(`M110.0 ${y(90)}L120.0 ${y(90)}`);
  });

  it("leaves a gap where nothing came for long, or nothing could be measured", () => {
    expect(
      draw([
        [0, 90],
        [60_000, 80],
        [70_000, null],
        [110_000, 70],
      ]).good,
    ).toBe(`M0.0 ${y(90)}L35.0 ${y(90)}M60.0 ${y(80)}L70.0 ${y(80)}M110.0 ${y(70)}L120.0 ${y(70)}`);
  });

  it("draws what was below the threshold apart, whatever it is now", () => {
    const lines = draw([
      [60_000, 90],
      [80_000, 0],
      [100_000, 95],
    ]);
    expect(lines.bad).toBe(`M80.0 ${y(90)}L80.0 ${y(0)}L100.0 ${y(0)}`);
    expect(lines.good).toBe(`M60.0 ${y(90)}L80.0 ${y(90)}M100.0 ${y(0)}L100.0 ${y(95)}L120.0 ${y(95)}`);
  });

  it("knows no good and bad without a threshold, and draws nothing from what is past or to come", () => {
    expect(draw([[110_000, 0]], null).bad).toBe("");
    expect(
      draw([
        [-90_000, 90],
        [SPAN + 9000, 90],
      ]),
    ).toEqual({ bad: "", good: "" });
  });
});
