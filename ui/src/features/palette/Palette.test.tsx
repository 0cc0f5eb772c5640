import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

import { gameDaysQuery, scenariosQuery } from "@/api/queries";
import type { Incident, Plan } from "@/api/types";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { anIncident, aPlan, aScenario, aSession } from "@/testing/things";
import { mountAnnouncer } from "@/ui/announcer";

import { Palette } from "./Palette";
import "./PaletteDialog"; // loaded before, so that no test waits for it

function tell(incidents: readonly Incident[], plans: readonly Plan[] = []): void {
  const data = { part: 1, parts: 1, incidents: [...incidents], plans: [...plans], experiments: [], systems: [] };
  const message = { v: 1, seq: "e:1", type: "snapshot", ts: "2026-01-31T12:00:00Z", data } as const;
  store.dispatch({ type: "received", at: 0, message });
}

function open({ path = "/", may = {} }: { path?: string; may?: Readonly<Record<string, boolean>> } = {}) {
  const location = memoryLocation({ path, record: true });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  queries.setQueryData(scenariosQuery.queryKey, [aScenario()]);
  queries.setQueryData(gameDaysQuery.queryKey, []);
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider session={aSession(may)}>
        <Router hook={location.hook} searchHook={location.searchHook}>
          <input aria-label="A field of the page" />
          <Palette />
        </Router>
      </SessionProvider>
    </QueryClientProvider>,
  );
  return { user: userEvent.setup(), location };
}

const field = () => screen.findByRole("combobox");
const options = () => screen.getAllByRole("option").map((option) => option.textContent);

describe("Palette", () => {
  beforeEach(() => tell([]));
  afterEach(() => document.querySelector("[data-announcer]")?.remove());

  it("opens from within a field by Ctrl K, and gives the focus back on Escape", async () => {
    const { user } = open();
    await user.click(screen.getByLabelText("A field of the page"));
    await user.keyboard("{Control>}k{/Control}");
    const opened = await field();
    expect(document.activeElement).toBe(opened);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("A field of the page")));
    expect(screen.queryByRole("combobox")).toBeNull();
  });

  it("does not take away a form that is being written", async () => {
    const { user, location } = open({ path: "/?new=" });
    await user.keyboard("{Control>}k{/Control}");
    expect(location.history.at(-1)).toBe("/?new=");
  });

  it("finds an incident by its number, and opens it by Enter", async () => {
    tell([anIncident({ number: "INC-0007", message: "Checkout is slow" })]);
    const { user, location } = open({ path: "/?palette=" });
    await user.type(await field(), "7");
    expect(options()[0]).toContain("Checkout is slow");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(location.history.at(-1)).toBe("/incidents/INC-0007"));
  });

  it("goes through the results by arrow keys, round the ends", async () => {
    const { user } = open({ path: "/?palette=" });
    const input = await field();
    await user.type(input, "theme:");
    const chosen = () => document.getElementById(input.getAttribute("aria-activedescendant") ?? "")?.textContent;
    expect(chosen()).toBe("Theme: light");
    await user.keyboard("{ArrowUp}");
    expect(chosen()).toBe("Theme: as the device");
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(chosen()).toBe("Theme: dark");
    expect(screen.getByRole("option", { selected: true }).textContent).toBe("Theme: dark");
    expect(document.activeElement).toBe(input);
  });

  it("opens dialogs by the address, without its own name in it", async () => {
    const { user, location } = open({ path: "/analytics?palette=&range=7d" });
    await user.type(await field(), "new incident{Enter}");
    await waitFor(() => expect(location.history.at(-1)).toBe("/analytics?range=7d&new="));
  });

  it("leads to a plan that waits, for who may decide", async () => {
    tell([anIncident({ number: "INC-0007" })], [aPlan({ name: "plan-7" })]);
    const { user, location } = open({ path: "/?palette=" });
    await user.type(await field(), "decide{Enter}");
    await waitFor(() => expect(location.history.at(-1)).toBe("/incidents/INC-0007?decide=plan-7"));
  });

  it("offers nothing that may not be done", async () => {
    tell([anIncident()], [aPlan()]);
    const nothing = {
      create_incidents: false,
      delete_incidents: false,
      run_experiments: false,
      approve_plans: false,
      run_generator: false,
      halt: false,
    };
    open({ path: "/?palette=", may: nothing });
    await field();
    const words = options().join("\n");
    for (const forbidden of ["New incident", "Reset", "Run drill", "Decide", "practice", "Stop all drills"]) {
      expect(words).not.toContain(forbidden);
    }
    expect(words).toContain("Keys and help");
  });

  it("starts no drill while the kill switch is on, and offers to turn it off", async () => {
    const data = { on: true, by: "sre", reason: "outage", since: null };
    const message = { v: 1, seq: "e:2", type: "kill_switch", ts: "2026-01-31T12:00:00Z", data } as const;
    store.dispatch({ type: "received", at: 0, message });
    const { user, location } = open({ path: "/?palette=" });
    await field();
    expect(options().join("\n")).not.toContain("Run drill");
    await user.click(screen.getByRole("option", { name: /^Allow drills again/ }));
    await waitFor(() => expect(location.history.at(-1)).toBe("/?allow-drills="));
    store.dispatch({ type: "received", at: 0, message: { ...message, data: { ...data, on: false } } });
  });

  it("says how much was found, and that nothing was", async () => {
    mountAnnouncer();
    const { user } = open({ path: "/?palette=" });
    await user.type(await field(), "run drill");
    const region = document.querySelector<HTMLElement>("[data-announcer]");
    await waitFor(() => expect(region?.textContent).toBe("1 result"));
    await user.clear(await field());
    await user.type(await field(), "nothing is called so");
    expect(within(screen.getByRole("dialog")).getByText("Nothing matches.")).toBeTruthy();
    await waitFor(() => expect(region?.textContent).toBe("0 results"));
  });
});

vi.setConfig({ testTimeout: 20_000 });
