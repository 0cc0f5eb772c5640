import { expect, it } from "vitest";

import { toPoints } from "./evidence";

const SIGNAL = { name: "memory", health: 9, message: "", breached: true } as const;

it("turns seconds before into points in time, oldest first", () => {
  const history = [
    { seconds_ago: 0, health: 9 },
    { seconds_ago: 90, health: null },
  ];
  const { points, now, spanMs } = toPoints({ ...SIGNAL, history }, "2026-01-01T12:00:00Z");
  expect(points).toEqual([
    [now - 90_000, null],
    [now, 9],
  ]);
  expect(spanMs).toBe(90_000);
});

it("draws nothing where there is nothing, or no time", () => {
  expect(toPoints({ ...SIGNAL, history: [] }, "2026-01-01T12:00:00Z").points).toEqual([]);
  expect(toPoints({ ...SIGNAL, history: [{ seconds_ago: 1, health: 1 }] }, "").points).toEqual([]);
});
