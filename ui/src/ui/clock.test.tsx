import { render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { store } from "@/live/store";
import { aMessage } from "@/testing/things";

import { Ago, useLocalClock } from "./clock";

const SERVER = "2026-01-31T12:00:00.000Z";
const WRONG = Date.parse(SERVER) - 180_000;

function Local() {
  return useLocalClock((now) => `here ${new Date(now).toISOString()}`);
}

afterEach(() => {
  vi.useRealTimers();
});

it("tells ages by the server's clock, and what happened here by this machine's", () => {
  vi.useFakeTimers({ now: WRONG });
  const message = { ...aMessage("notice", { code: "heartbeat", message: "" }), ts: SERVER };
  store.dispatch({ type: "received", at: WRONG, message });
  render(
    <>
      <Ago at="2026-01-31T11:59:20Z" />
      <Local />
    </>,
  );
  expect(screen.getByText("40 s ago")).toBeTruthy();
  expect(screen.getByText(`here ${new Date(WRONG).toISOString()}`)).toBeTruthy();
});
