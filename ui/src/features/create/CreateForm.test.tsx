import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { aMessage, anIncident, aSession } from "@/testing/things";

import CreateForm from "./CreateForm";

// The client takes the browser's fetch when it is made, so it is replaced before.
const fetching = vi.hoisted(() => {
  const fake = vi.fn<typeof fetch>();
  globalThis.fetch = fake;
  return fake;
});

function answer(status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  fetching.mockImplementation(() =>
    Promise.resolve(new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } })),
  );
}

function open() {
  const location = memoryLocation({ path: "/?new", record: true });
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SessionProvider session={aSession()}>
        <Router hook={location.hook} searchHook={location.searchHook}>
          <CreateForm onClose={onClose} />
        </Router>
      </SessionProvider>
    </QueryClientProvider>,
  );
  return { user: userEvent.setup(), location, onClose };
}

const message = () => screen.getByLabelText<HTMLInputElement>("What is wrong, in one line");

/** What is read aloud with a field, besides its name. */
function told(field: HTMLElement): string {
  const ids = field.getAttribute("aria-describedby")?.split(" ") ?? [];
  return ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
}

vi.setConfig({ testTimeout: 20_000 });

describe("CreateForm", () => {
  beforeEach(() => fetching.mockReset());

  it("leads to the line that is missing, without asking the server", async () => {
    const { user } = open();
    await user.click(screen.getByRole("button", { name: "Report it" }));
    await waitFor(() => expect(document.activeElement).toBe(message()));
    expect(told(message())).toContain("Say in one line");
    expect(fetching).not.toHaveBeenCalled();
  });

  it("puts what the server said at the field, and keeps what was typed", async () => {
    const { user } = open();
    answer(422, {
      code: "invalid-request",
      title: "The request is not as it has to be",
      detail: "body.team: too long",
      errors: [{ where: "body.team", message: "String should have at most 63 characters" }],
    });
    await user.type(message(), "Checkout answers with 503");
    await user.type(screen.getByLabelText("Team"), "payments");
    await user.click(screen.getByRole("button", { name: "Report it" }));
    const team = screen.getByLabelText("Team");
    await waitFor(() => expect(told(team)).toBe("String should have at most 63 characters"));
    expect(document.activeElement).toBe(team);
    expect(message().value).toBe("Checkout answers with 503");
    await user.type(team, "x");
    expect(told(team)).toBe("");
  });

  it("says what belongs to no field", async () => {
    const { user } = open();
    answer(403, { code: "forbidden", title: "Not allowed", detail: "sre may not create incidents" });
    await user.type(message(), "x");
    await user.click(screen.getByRole("button", { name: "Report it" }));
    expect((await screen.findByRole("alert")).textContent).toBe("sre may not create incidents");
  });

  it("goes to the incident that was made", async () => {
    const { user, location } = open();
    answer(201, anIncident({ number: "INC-0042" }));
    await user.type(message(), "x");
    await user.click(screen.getByRole("button", { name: "Report it" }));
    await waitFor(() => expect(location.history.at(-1)).toBe("/incidents/INC-0042"));
  });

  it("waits for the number, which comes by the stream", async () => {
    const { user, location } = open();
    answer(201, anIncident({ id: "uid-77", number: "" }));
    await user.type(message(), "x");
    await user.click(screen.getByRole("button", { name: "Report it" }));
    await waitFor(() => expect(store.get().incidents.has("uid-77")).toBe(true));
    expect(location.history.at(-1)).not.toContain("/incidents/");
    const numbered = anIncident({ id: "uid-77", number: "INC-0077", resource_version: "2" });
    store.dispatch({ type: "received", at: 0, message: aMessage("incident.upsert", numbered) });
    await waitFor(() => expect(location.history.at(-1)).toBe("/incidents/INC-0077"));
  });

  it("asks before it throws away what was typed", async () => {
    const { user, onClose } = open();
    await user.type(message(), "x");
    await user.keyboard("{Escape}");
    expect(onClose).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Keep writing" }));
    expect(message().value).toBe("x");
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "Discard" }));
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("closes at once where nothing was typed", async () => {
    const { user, onClose } = open();
    await user.keyboard("{Escape}");
    expect(onClose).toHaveBeenCalledOnce();
  });
});
