import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { api } from "@/api/client";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { anExperiment, anIncident, aSession, aSystem } from "@/testing/things";

import { SystemsStrip } from "./SystemsStrip";

const AT = Date.now();

function tell(
  ...things: readonly [type: "system.health" | "experiment.upsert" | "incident.upsert", data: unknown][]
): void {
  for (const [type, data] of things) {
    // The stream's messages, as the API tells them.
    store.dispatch({ type: "received", at: AT, message: { v: 1, seq: "", ts: "", type, data } as never });
  }
}

function show(may: Record<string, boolean> = {}): void {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SessionProvider session={aSession(may)}>
        <Tooltip.Provider>
          <SystemsStrip />
        </Tooltip.Provider>
      </SessionProvider>
    </QueryClientProvider>,
  );
}

const soon = new Date(AT + 90_000).toISOString();

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.spyOn(api, "GET").mockReturnValue(new Promise(() => undefined));
  localStorage.clear();
  tell(
    ["system.health", aSystem({ last_probe_at: new Date(AT).toISOString(), health: null })],
    ["experiment.upsert", anExperiment({ expires_at: soon })],
    ["incident.upsert", anIncident({ number: "INC-0042" })],
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the strip of systems", () => {
  it("tells what is not measured from 0, the fault in progress, and what is open", () => {
    show();
    expect(screen.getByText("Health not measured")).toBeTruthy();
    expect(screen.getByText("Redis memory full")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Open incident INC-0042" }).getAttribute("href")).toBe(
      "/incidents/INC-0042",
    );
  });

  it("stops a fault, and offers that only to who may", async () => {
    const post = vi.spyOn(api, "POST").mockReturnValue(new Promise(() => undefined));
    show({ run_experiments: false });
    expect(screen.queryByRole("button", { name: /^Stop/ })).toBeNull();
    cleanup();
    show();
    await userEvent.click(screen.getByRole("button", { name: "Stop: Redis memory full" }));
    expect(post.mock.lastCall?.[0]).toBe("/api/v1/experiments/{id}/abort");
  });

  it("hands the focus on when the stop button goes", async () => {
    vi.spyOn(api, "POST").mockReturnValue(new Promise(() => undefined));
    show();
    const stop = screen.getByRole("button", { name: "Stop: Redis memory full" });
    stop.focus();
    await userEvent.keyboard("{Enter}");
    expect(document.activeElement).toBe(stop);
    act(() => tell(["experiment.upsert", anExperiment({ status: "recovering", resource_version: "9999" })]));
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Break redis-test" }));
  });

  it("asks whether the operator is silent only while the stream is live", () => {
    tell(["system.health", aSystem({ last_probe_at: new Date(AT - 125_000).toISOString() })]);
    show();
    expect(screen.getByText(/operator is silent since/)).toBeTruthy();
    expect(screen.getByText("as of 2 min ago")).toBeTruthy();
    cleanup();
    store.dispatch({ type: "connection", phase: "reconnecting" });
    show();
    expect(screen.queryByText(/operator is silent/)).toBeNull();
  });

  it("remembers that it was folded", async () => {
    show();
    await userEvent.click(screen.getByRole("button", { name: "Hide signals" }));
    expect(within(screen.getByRole("list")).queryByRole("button", { name: /what was measured/ })).toBeNull();
    cleanup();
    show();
    expect(screen.getByRole("button", { name: "Show signals" }).getAttribute("aria-expanded")).toBe("false");
  });
});
