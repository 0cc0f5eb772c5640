import { describe, expect, it } from "vitest";

import { learnTime } from "./clock";
import { INITIAL, type ServerClock } from "./state";

const T = Date.parse("2026-01-31T12:00:00Z");
const learn = (clock: ServerClock, at: number, sent: number): ServerClock =>
  learnTime(clock, at, { type: "notice", ts: new Date(sent).toISOString() });

describe("learnTime", () => {
  it("leaves a good clock alone, also where a message took a second", () => {
    const first = learn(INITIAL.clock, T + 1500, T);
    expect(first.offset).toBe(0);
    expect(learn(first, T + 2000, T + 1990).offset).toBe(0);
  });

  it("follows a clock that is wrong, in both directions", () => {
    expect(learn(INITIAL.clock, T, T + 180_000).offset).toBe(180_000);
    expect(learn(INITIAL.clock, T, T - 180_000).offset).toBe(-180_000);
  });

  it("believes the message that was under way for the shortest time", () => {
    const late = learn(INITIAL.clock, T, T - 8000);
    expect(late.offset).toBe(-8000);
    const prompt = learn(late, T + 1000, T + 990);
    expect(prompt.offset).toBe(0);
    expect(learn(prompt, T + 9000, T + 2000).offset).toBe(0);
  });

  it("forgets what it learned before a clock was corrected", () => {
    let clock = learn(INITIAL.clock, T, T + 180_000);
    for (let second = 180; second <= 320; second += 10) clock = learn(clock, T + second * 1000, T + second * 1000);
    expect(clock.offset).toBe(0);
    const setBack = learn(clock, T, T + 320_000);
    expect(setBack.offset).toBe(320_000);
  });

  it("learns nothing from what is no time, or the time of something else", () => {
    expect(learnTime(INITIAL.clock, T, { type: "notice", ts: "" })).toBe(INITIAL.clock);
    const missed = { type: "incident.upsert", ts: "2026-01-31T11:00:00Z" } as const;
    expect(learnTime(INITIAL.clock, T, missed)).toBe(INITIAL.clock);
  });

  it("keeps few messages, however many come", () => {
    let clock = INITIAL.clock;
    for (let index = 0; index < 5000; index += 1) clock = learn(clock, T + index, T + index - (index % 7));
    expect(clock.samples.length).toBeLessThan(8);
  });
});
