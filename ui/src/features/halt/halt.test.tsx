import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { api } from "@/api/client";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { aSession } from "@/testing/things";

import { KillSwitchBanner } from "./KillSwitchBanner";

const OFF = { on: false, by: "", reason: "", since: null };
const ON = { on: true, by: "sre", reason: "A real outage.", since: "2026-01-01T12:00:00Z" };

function show(address: string, may: Record<string, boolean> = {}): void {
  history.replaceState(null, "", address);
  render(
    <SessionProvider session={aSession(may)}>
      <KillSwitchBanner />
    </SessionProvider>,
  );
}

function answer(data: unknown): never {
  return Promise.resolve({ data, response: new Response("{}") }) as never; // as openapi-fetch answers
}

beforeEach(() => store.dispatch({ type: "switched", killSwitch: OFF }));
afterEach(cleanup);

describe("the dialog that stops all drills", () => {
  it("asks for a reason before anything is sent", async () => {
    const put = vi.spyOn(api, "PUT");
    show("/?halt=");
    expect(screen.getByRole("dialog").textContent).toContain("undoes every active fault at once");
    await userEvent.type(screen.getByLabelText("Reason"), "   ");
    await userEvent.click(screen.getByRole("button", { name: "Stop all drills" }));
    expect(screen.getByRole("alert").textContent).toContain("Say why");
    expect(put).not.toHaveBeenCalled();
  });

  it("sends the reason, shows the banner at once and closes", async () => {
    const put = vi.spyOn(api, "PUT").mockReturnValue(answer(ON));
    show("/?halt=");
    await userEvent.type(screen.getByLabelText("Reason"), " A real outage. {Enter}");
    expect(put).toHaveBeenCalledWith("/api/v1/kill-switch", { body: { reason: "A real outage." } });
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.getByRole("alert").textContent).toContain("Turned on by sre");
  });

  it("stays open with its reason where it is refused", async () => {
    const refused = { error: { detail: "no" }, response: new Response("{}", { status: 403 }) };
    vi.spyOn(api, "PUT").mockResolvedValue(refused); // as openapi-fetch answers
    show("/?halt=");
    await userEvent.type(screen.getByLabelText("Reason"), "outage{Enter}");
    expect(screen.getByLabelText<HTMLInputElement>("Reason").value).toBe("outage");
    expect(store.get().killSwitch?.on).toBe(false);
  });

  it("is not offered to who may not", () => {
    show("/?halt=", { halt: false });
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("the banner", () => {
  it("tells everybody, and offers its end only to who may", async () => {
    store.dispatch({ type: "switched", killSwitch: ON });
    show("/", { halt: false });
    expect(screen.getByRole("alert").textContent).toContain("A real outage.");
    expect(screen.queryByRole("button")).toBeNull();
    cleanup();
    show("/");
    const remove = vi.spyOn(api, "DELETE").mockReturnValue(answer(OFF));
    await userEvent.click(screen.getByRole("button", { name: "Allow drills again" }));
    expect(remove).not.toHaveBeenCalled();
    const confirm = screen.getAllByRole("button", { name: "Allow drills again" }).at(-1);
    if (confirm !== undefined) await userEvent.click(confirm);
    expect(remove).toHaveBeenCalled();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not invent who turned it on", () => {
    store.dispatch({ type: "switched", killSwitch: { on: true, by: "", reason: "", since: null } });
    show("/");
    expect(screen.getByRole("alert").textContent).toMatch(/No reason was given.*It is not known who turned it on/);
  });
});
