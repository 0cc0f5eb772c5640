import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";

import type { Action, Plan, Session } from "@/api/types";
import { SessionProvider } from "@/live/session";
import { store } from "@/live/store";
import { aMessage, anIncident, aPlan, NO_PARAMS } from "@/testing/things";

import { ApprovalDialog } from "./ApprovalDialog";
import { PlanBody } from "./PlanBody";

// The client keeps the fetch that it finds when it is made.
const fetched = vi.hoisted(() => {
  const mock = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mock);
  return mock;
});

const ACTION: Action = {
  id: "step-1",
  type: "RedisClearCache",
  system: "redis-test",
  params: NO_PARAMS,
  risk: "Low",
  expected_impact: "1445 keys go",
  reversible: false,
};
const INCIDENT = anIncident();
const PLAN = aPlan({ recommended_actions: [ACTION], expires_at: "2999-01-01T00:00:00Z" });
const HIGH: Plan = { ...PLAN, recommended_actions: [{ ...ACTION, risk: "High" }], risk_assessment: "High" };

let version = 1;

function tell(plan: Plan): void {
  version += 1;
  const newer = { ...plan, resource_version: String(version).padStart(9, "0") };
  act(() => store.dispatch({ type: "received", at: 0, message: aMessage("plan.upsert", newer) }));
}

function show(plan: Plan, mayApprove = true, search = `decide=${plan.name}`) {
  tell(plan);
  const session: Session = {
    user: "sre",
    groups: [],
    via: "cookie",
    namespace: "drills",
    may: { approve_plans: mayApprove },
  };
  const { hook, searchHook } = memoryLocation({ path: "/incidents/INC-0001", searchPath: search });
  render(
    <Router hook={hook} searchHook={searchHook}>
      <SessionProvider session={session}>
        <PlanBody plan={plan} diagnosis={null} />
        <ApprovalDialog incident={INCIDENT} />
      </SessionProvider>
    </Router>,
  );
  return userEvent.setup();
}

function answer(status: number, body: object): void {
  const headers = { "Content-Type": "application/json" };
  fetched.mockImplementation(() => Promise.resolve(new Response(JSON.stringify(body), { status, headers })));
}

async function sentBody(): Promise<unknown> {
  const request = fetched.mock.calls.at(-1)?.[0];
  return request === undefined ? undefined : await request.json();
}

beforeEach(() => {
  fetched.mockReset();
});

it("approves exactly the plan that was read, and closes", async () => {
  answer(200, PLAN);
  const user = show(PLAN);
  expect(screen.getByRole("dialog", { name: "Approve this plan?" })).toBeDefined();
  expect(screen.getByText("3f5a9c0e")).toBeDefined();
  expect(screen.getByText("sre")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Approve the plan" }));
  expect(fetched.mock.calls.at(-1)?.[0].url).toContain(`/api/v1/agent/approve/${PLAN.id}`);
  expect(await sentBody()).toEqual({ plan_hash: PLAN.plan_hash });
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("takes the system's name before a plan of high risk can be approved", async () => {
  const user = show(HIGH);
  const approve = screen.getByRole<HTMLButtonElement>("button", { name: "Approve the plan" });
  const field = screen.getByRole("textbox", { name: "The risk is high: type redis-test to approve" });
  expect(approve.disabled).toBe(true);
  await user.type(field, "redis");
  expect(approve.disabled).toBe(true);
  await user.type(field, "-test");
  expect(approve.disabled).toBe(false);
});

it("takes a reason to reject", async () => {
  answer(200, PLAN);
  const user = show(PLAN, true, `decide=${PLAN.name}&reject`);
  const reject = screen.getByRole<HTMLButtonElement>("button", { name: "Reject the plan" });
  expect(reject.disabled).toBe(true);
  await user.type(screen.getByRole("textbox", { name: "Why not?" }), " Not during the day ");
  await user.click(reject);
  expect(fetched.mock.calls.at(-1)?.[0].url).toContain("/reject/");
  expect(await sentBody()).toEqual({ plan_hash: PLAN.plan_hash, reason: "Not during the day" });
});

it("asks before a reason that was typed is lost", async () => {
  const user = show(PLAN, true, `decide=${PLAN.name}&reject`);
  const field = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Why not?" });
  await user.type(field, "Not during the day");
  await user.keyboard("{Escape}");
  expect(screen.getByRole("dialog", { name: "Throw away what you typed?" })).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Keep writing" }));
  expect(field.value).toBe("Not during the day");
  expect(document.activeElement).toBe(field);
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("button", { name: "Discard" }));
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("says how many characters are left near the limit", async () => {
  const user = show(PLAN, true, `decide=${PLAN.name}&reject`);
  const field = screen.getByRole("textbox", { name: "Why not?" });
  await user.click(field);
  await user.paste("x".repeat(900));
  expect(screen.queryByText(/characters left/)).toBeNull();
  await user.paste("x".repeat(34));
  expect(screen.getByText("90 characters left.")).toBeDefined();
  expect(screen.getByRole("status").textContent).toBe("At most 100 characters left.");
});

it("shows a viewer the plan, no way to decide, and who may", () => {
  show(PLAN, false, "");
  expect(screen.getByText("Clear the whole cache")).toBeDefined();
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByText(/incidentsim-approver/)).toBeDefined();
});

it("offers a viewer no decision by the address either", () => {
  show(PLAN, false);
  expect(screen.getByRole("alert").textContent).toContain("not decide on it");
  expect(screen.queryByRole("button", { name: /Approve|Reject/ })).toBeNull();
});

it("says who decided meanwhile, by the stream", () => {
  show(PLAN);
  const decision = {
    approved: false,
    at: "2026-01-31T12:00:00Z",
    by: "ann",
    plan_hash: "",
    reason: "no",
    via: "kubectl",
  };
  tell({ ...PLAN, status: "rejected", decision });
  expect(screen.getByRole("alert").textContent).toContain("Rejected by ann");
  expect(screen.queryByRole("button", { name: "Approve the plan" })).toBeNull();
});

it("says who decided meanwhile, by the refusal, and stays open", async () => {
  const detail = "the plan is Approved by ann: the first decision stands";
  answer(409, { code: "already-decided", title: "The plan is decided on already", detail });
  const user = show(PLAN);
  await user.click(screen.getByRole("button", { name: "Approve the plan" }));
  expect(screen.getByRole("alert").textContent).toContain("Your approval did not count. The plan is Approved by ann");
  expect(screen.getByRole("dialog")).toBeDefined();
});

it("says that one's own approval did not count where somebody rejected first", async () => {
  answer(409, { code: "already-decided", title: "The plan is decided on already", detail: "" });
  const user = show(PLAN);
  await user.click(screen.getByRole("button", { name: "Approve the plan" }));
  const decision = { approved: false, at: "2026-01-31T12:00:00Z", by: "ann", plan_hash: "", reason: "", via: "api" };
  tell({ ...PLAN, status: "rejected", decision });
  expect(screen.getByRole("alert").textContent).toContain("Your approval did not count. Rejected by ann");
});

it("takes no approval of a plan that changed while it was read", async () => {
  answer(200, PLAN);
  const user = show(PLAN);
  tell({ ...PLAN, plan_hash: "ffffffffffffffff" });
  expect(screen.queryByRole("button", { name: "Approve the plan" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Read the plan as it is now" }));
  await user.click(screen.getByRole("button", { name: "Approve the plan" }));
  expect(await sentBody()).toEqual({ plan_hash: "ffffffffffffffff" });
});

it("says that there is no such plan", () => {
  show(PLAN, true, "decide=another");
  expect(screen.getByRole("dialog", { name: "There is no such plan" })).toBeDefined();
});
