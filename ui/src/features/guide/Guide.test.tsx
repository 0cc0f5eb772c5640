import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

import { scenariosQuery } from "@/api/queries";
import type { Experiment, Incident, Plan } from "@/api/types";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { anAnalysis, anExperiment, anIncident, aPlan, aScenario, aSession } from "@/testing/things";

import { Guide } from "./Guide";
import "./GuidePanel"; // loaded before, so that no test waits for it
import { follow, parseFollowed, parseMode, setMode } from "./memory";
import { coveredShare } from "./useStandAside";

interface World {
  readonly incidents?: readonly Incident[];
  readonly plans?: readonly Plan[];
  readonly experiments?: readonly Experiment[];
}

const said = { v: 1, seq: "e:1", ts: "2026-01-31T12:00:00Z" } as const;
const SYNCED = {
  code: "synced",
  message: "",
  connection: "c",
  animal: "otter",
  color: "teal",
  user: "sre",
  heartbeat_seconds: 10,
  retry_ms: 1,
} as const;

function tell({ incidents = [], plans = [], experiments = [] }: World): void {
  const data = {
    part: 1,
    parts: 1,
    incidents: [...incidents],
    plans: [...plans],
    experiments: [...experiments],
    systems: [],
  };
  store.dispatch(
    { type: "received", at: 0, message: { ...said, type: "snapshot", data } },
    { type: "received", at: 0, message: { ...said, type: "notice", data: SYNCED } },
  );
}

function open(may: Readonly<Record<string, boolean>> = {}, path = "/") {
  const location = memoryLocation({ path, record: true });
  const queries = new QueryClient();
  queries.setQueryData(scenariosQuery.queryKey, [aScenario(), aScenario({ name: "disk-full", title: "Disk full" })]);
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider session={aSession(may)}>
        <Router hook={location.hook} searchHook={location.searchHook}>
          <main id="main" tabIndex={-1} />
          <Guide />
        </Router>
      </SessionProvider>
    </QueryClientProvider>,
  );
  return { user: userEvent.setup(), location };
}

const drill = anExperiment({ incidents: ["inc-1"] });
const waiting: World = {
  experiments: [drill],
  incidents: [anIncident({ analysis: anAnalysis() })],
  plans: [aPlan()],
};
const LOOKING = { run_experiments: false, approve_plans: false };

describe("Guide", () => {
  beforeEach(() => {
    setMode("open");
    follow(null);
    tell({});
  });

  it("offers to break Redis on the first visit", async () => {
    open();
    expect(await screen.findByRole("button", { name: "Break Redis" })).toBeTruthy();
  });

  it("offers nothing to break to who may only look, and says why", async () => {
    open(LOOKING);
    expect(await screen.findByText(/who may look but not break/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Break Redis" })).toBeNull();
  });

  it("offers to follow a drill that runs already", async () => {
    tell(waiting);
    const { user } = open(LOOKING);
    await user.click(await screen.findByRole("button", { name: "Follow it" }));
    expect(screen.getByRole("link", { name: "Read INC-0001" }).getAttribute("href")).toBe("/incidents/INC-0001");
  });

  it("promises a decision only to who may make one", async () => {
    open({ approve_plans: false });
    expect(await screen.findByText(/except for one decision: somebody who may/)).toBeTruthy();
  });

  it("keeps the focus when what was pressed goes away", async () => {
    tell(waiting);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Follow it" }));
    expect(document.activeElement).toBe(screen.getByRole("heading", { name: /Your first drill/ }));
  });

  it("shows the present step in its bar, and the others where they are asked for", async () => {
    const { user } = open();
    const shown = (): boolean[] => screen.getAllByRole("listitem").map((row) => !row.classList.contains("hidden"));
    await screen.findByRole("button", { name: "Break Redis" });
    expect(shown()).toEqual([true, false, false, false, false, false]);
    await user.click(screen.getByRole("button", { name: "Show all steps" }));
    expect(shown()).not.toContain(false);
  });

  it("ticks reading once the incident's page was opened, and leads to the decision", async () => {
    tell(waiting);
    follow(drill.name);
    open({}, "/incidents/INC-0001");
    const link = await screen.findByRole("link", { name: "Read the plan and decide" });
    expect(link.getAttribute("href")).toBe("/incidents/INC-0001?decide=plan-1");
  });

  it("offers no decision to who may not decide, and says who may", async () => {
    tell(waiting);
    follow(drill.name);
    open(LOOKING, "/incidents/INC-0001");
    expect(await screen.findByText("incidentsim-approver")).toBeTruthy();
    expect(screen.queryByRole("link", { name: "Read the plan and decide" })).toBeNull();
  });

  it("says when the kill switch stands against it", async () => {
    const turn = (on: boolean): void => {
      const data = { on, by: "sre", reason: "outage", since: null };
      store.dispatch({ type: "received", at: 0, message: { ...said, type: "kill_switch", data } });
    };
    turn(true);
    open();
    expect(await screen.findByText(/stopped by sre: outage/)).toBeTruthy();
    act(() => turn(false));
    expect(await screen.findByRole("button", { name: "Break Redis" })).toBeTruthy();
  });

  it("says why a drill did not begin, and lets another begin", async () => {
    const message = "redis-test is protected";
    tell({ experiments: [anExperiment({ status: "rejected", started_at: null, injected_at: null, message })] });
    follow(drill.name);
    const { user } = open();
    expect(await screen.findByText("Redis-test is protected.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Run another" }));
    expect(screen.getByRole("button", { name: "Break Redis" })).toBeTruthy();
  });

  it("stays closed, until it is asked for by the address, and then takes the focus", async () => {
    const { user, location } = open();
    await user.click(await screen.findByRole("button", { name: "Close the guide" }));
    expect(screen.queryByRole("complementary")).toBeNull();
    expect(document.activeElement?.id).toBe("main");
    act(() => location.navigate("/?guide="));
    const title = await screen.findByRole("heading", { name: /Your first drill/ });
    await waitFor(() => expect(document.activeElement).toBe(title));
    expect(location.history.at(-1)).toBe("/");
  });
});

describe("memory", () => {
  it.each([
    [null, "open"],
    ["closed", "closed"],
    ["nonsense", "open"],
  ] as const)("takes %s for %s", (text, mode) => {
    expect(parseMode(text)).toBe(mode);
  });

  it.each([null, "", "{", "null", "7", "[]", '{"name":7}'])("follows nothing after %s", (text) => {
    expect(parseFollowed(text)).toEqual({ name: null, hasRead: false });
  });

  it("follows what it followed", () => {
    expect(parseFollowed('{"name":"a","hasRead":true}')).toEqual({ name: "a", hasRead: true });
  });
});

describe("coveredShare", () => {
  const box = (left: number, top: number, width: number, height: number) => ({
    left,
    top,
    right: left + width,
    bottom: top + height,
  });

  it("is how much of the one lies under the other", () => {
    expect(coveredShare(box(0, 0, 10, 10), box(20, 0, 10, 10))).toBe(0);
    expect(coveredShare(box(0, 0, 10, 10), box(5, 0, 10, 10))).toBe(0.5);
    expect(coveredShare(box(2, 2, 4, 4), box(0, 0, 10, 10))).toBe(1);
    expect(coveredShare(box(0, 0, 0, 0), box(0, 0, 10, 10))).toBe(0);
  });
});
