import { act, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { aMessage, anExperiment, aSession } from "@/testing/things";

import { Runs } from "./Runs";

const SYNCED = {
  code: "synced",
  message: "",
  connection: "c",
  animal: "Otter",
  color: "#000000",
  user: "sre",
  heartbeat_seconds: 10,
  retry_ms: 1000,
} as const;

/** More runs than one page shows; the oldest is the last. */
function show(search: string) {
  const scrolled = vi.fn();
  Element.prototype.scrollIntoView = scrolled;
  const experiments = Array.from({ length: 60 }, (_, n) =>
    anExperiment({ name: `run-${n}`, created_at: new Date(Date.UTC(2026, 0, 31, 12, 59 - n)).toISOString() }),
  );
  const data = { part: 1, parts: 1, incidents: [], plans: [], experiments, systems: [] };
  act(() =>
    store.dispatch(
      { type: "received", at: 0, message: aMessage("snapshot", data) },
      { type: "received", at: 0, message: aMessage("notice", SYNCED) },
    ),
  );
  const { hook, searchHook } = memoryLocation({ path: "/experiments", searchPath: search });
  render(
    <Router hook={hook} searchHook={searchHook}>
      <SessionProvider session={aSession()}>
        <Runs />
      </SessionProvider>
    </Router>,
  );
  return scrolled;
}

it("opens the run that the address names, and goes to it", () => {
  const scrolled = show("run-name=run-57");
  const open = screen.getAllByRole("button", { expanded: true });
  expect(open).toHaveLength(1);
  expect(document.activeElement).toBe(open[0]);
  expect(scrolled).toHaveBeenCalledOnce();
});

it("says where there is no such run", () => {
  show("run-name=run-99");
  expect(screen.getByRole("note").textContent).toContain("no run run-99");
  expect(screen.queryByRole("button", { expanded: true })).toBeNull();
});
