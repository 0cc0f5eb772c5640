import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import type { Incident } from "@/api/types";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { aMessage, anIncident } from "@/testing/things";

import { keepDraft } from "./notes";
import { NotesSection } from "./NotesSection";

// The client keeps the fetch that it finds when it is made.
const fetched = vi.hoisted(() => {
  const mock = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mock);
  return mock;
});

const READ = anIncident({ notes: "cold cache", resource_version: "100" });

function show(incident: Incident = READ, mayEdit = true) {
  act(() => store.dispatch({ type: "received", at: 0, message: aMessage("incident.upsert", incident) }));
  const may = { edit_incidents: mayEdit };
  const session = { user: "sre", groups: [], via: "cookie", namespace: "drills", may } as const;
  const view = render(
    <SessionProvider session={{ ...session, groups: [] }}>
      <NotesSection incident={incident} />
    </SessionProvider>,
  );
  return { user: userEvent.setup(), ...view };
}

function answer(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function stale(current: Incident): Response {
  return answer(409, { code: "stale-write", title: "It was changed", detail: "look again", current });
}

function versions(): readonly (string | null)[] {
  return fetched.mock.calls.map(([request]) => request.headers.get("if-match"));
}

beforeEach(() => {
  fetched.mockReset();
  keepDraft(READ.id, null);
  act(() => store.dispatch({ type: "received", at: 0, message: aMessage("incident.delete", READ) }));
});

async function write(user: ReturnType<typeof userEvent.setup>, text: string): Promise<void> {
  await user.click(screen.getByRole("button", { name: "Edit" }));
  const field = screen.getByRole("textbox");
  await user.clear(field);
  await user.type(field, text);
}

it("saves only what was read", async () => {
  fetched.mockResolvedValueOnce(answer(200, { ...READ, notes: "warm", resource_version: "101" }));
  const { user } = show();
  await write(user, "warm");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(versions()).toEqual(['"100"']);
  expect(screen.queryByRole("textbox")).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Edit" }));
});

it("does not bother people where something else of the incident changed", async () => {
  fetched.mockResolvedValueOnce(stale({ ...READ, resource_version: "102", status: "fixing" }));
  fetched.mockResolvedValueOnce(answer(200, { ...READ, notes: "warm", resource_version: "103" }));
  const { user } = show();
  await write(user, "warm");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(versions()).toEqual(['"100"', '"102"']);
  expect(screen.queryByRole("alert")).toBeNull();
});

it("shows what others wrote meanwhile, keeps what was typed, and saves what is decided", async () => {
  fetched.mockResolvedValueOnce(stale({ ...READ, resource_version: "102", notes: "ann: vendor called" }));
  fetched.mockResolvedValueOnce(answer(200, { ...READ, resource_version: "103" }));
  const { user } = show();
  await write(user, "mine");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByRole("alert").textContent).toContain("ann: vendor called");
  expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("mine");
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Put mine below theirs" }));
  await user.click(screen.getByRole("button", { name: "Put mine below theirs" }));
  expect(document.activeElement).toBe(screen.getByRole("textbox"));
  expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("ann: vendor called\n\nmine");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(versions()).toEqual(['"100"', '"102"']);
});

it("sends nothing over words that the stream told meanwhile", async () => {
  const { user } = show();
  await write(user, "mine");
  const theirs = { ...READ, notes: "theirs", resource_version: "105" };
  act(() => store.dispatch({ type: "received", at: 0, message: aMessage("incident.upsert", theirs) }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(fetched).not.toHaveBeenCalled();
  expect(screen.getByRole("alert").textContent).toContain("theirs");
});

it("keeps what was typed when the details are closed, and when it is refused", async () => {
  fetched.mockResolvedValueOnce(answer(403, { code: "forbidden", title: "Not allowed", detail: "you may not" }));
  const { user, unmount } = show();
  await write(user, "half a thought");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByRole("alert").textContent).toBe("you may not");
  unmount();
  show();
  expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("half a thought");
});

it("lets who may not edit read only", () => {
  show(READ, false);
  expect(screen.getByText("cold cache")).toBeDefined();
  expect(screen.queryByRole("button")).toBeNull();
});
