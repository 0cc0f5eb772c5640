import { expect, it } from "vitest";

import { anIncident } from "@/testing/things";

import { currentOf, joinNotes, settle } from "./notes";

it("asks only where the others' words would be lost", () => {
  const draft = { text: "mine", base: "before" };
  expect(settle(draft, anIncident({ notes: "before", resource_version: "9" }))).toBe("again");
  expect(settle(draft, anIncident({ notes: "mine" }))).toBe("again");
  expect(settle(draft, anIncident({ notes: "theirs" }))).toBe("ask");
  expect(settle(draft, anIncident({ notes: "" }))).toBe("ask");
});

it("joins both texts, theirs first", () => {
  expect(joinNotes("theirs\n", "mine")).toBe("theirs\n\nmine");
  expect(joinNotes("  ", "mine")).toBe("mine");
});

it("takes nothing for an incident that is none", () => {
  const incident = anIncident();
  expect(currentOf(incident)).toBe(incident);
  for (const other of [null, "x", {}, { id: "1", notes: 3, resource_version: "1" }])
    expect(currentOf(other)).toBeNull();
});
