import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { api } from "@/api/client";
import { scenariosQuery } from "@/api/queries";
import type { Experiment } from "@/api/types";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { anExperiment, aScenario, aSession, aSystem } from "@/testing/things";

import { BreakMenu } from "./BreakMenu";

afterEach(() => {
  cleanup();
  store.dispatch({ type: "switched", killSwitch: { on: false, by: "", reason: "", since: null } });
});

interface Circumstances {
  readonly may?: Record<string, boolean>;
  readonly running?: readonly Experiment[];
}

function show({ may = {}, running = [] }: Circumstances): void {
  const queries = new QueryClient();
  queries.setQueryData(scenariosQuery.queryKey, [aScenario()]);
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider session={aSession(may)}>
        <BreakMenu system={aSystem()} running={running} openIncidents={[]} />
      </SessionProvider>
    </QueryClientProvider>,
  );
}

async function open(circumstances: Circumstances): Promise<HTMLElement> {
  show(circumstances);
  await userEvent.click(screen.getByRole("button", { name: "Break redis-test" }));
  return screen.getByRole("menuitem");
}

describe("the failure menu", () => {
  it("says what a failure does and what ends it, and starts it", async () => {
    const post = vi.spyOn(api, "POST").mockReturnValue(new Promise(() => undefined));
    const item = await open({});
    expect(item.textContent).toContain("Fills Redis with keys. It ends when a plan heals it");
    await userEvent.click(item);
    expect(post).toHaveBeenCalledWith("/api/v1/experiments", { body: { scenario: "redis-memory" } });
  });

  it("says why a failure cannot be started, can be reached by keys, and starts nothing", async () => {
    const post = vi.spyOn(api, "POST");
    store.dispatch({ type: "switched", killSwitch: { on: true, by: "sre", reason: "outage", since: null } });
    const item = await open({});
    expect(item.getAttribute("aria-disabled")).toBe("true");
    expect(item.textContent).toContain("The kill switch is on");
    await userEvent.keyboard("{ArrowDown}");
    expect(document.activeElement).toBe(item);
    await userEvent.keyboard("{Enter}");
    expect(post).not.toHaveBeenCalled();
  });

  it("is not offered to who may not run drills", () => {
    show({ may: { run_experiments: false } });
    expect(screen.queryByRole("button")).toBeNull();
  });

  it("names the fault in progress", async () => {
    expect((await open({ running: [anExperiment()] })).textContent).toContain("It is in progress");
  });
});
