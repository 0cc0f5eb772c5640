import { expect, it } from "vitest";

import { anIncident } from "@/testing/things";

import { freshRefusal } from "./refusal";

const AT = "2026-01-31T12:00:00Z";
const NOW = Date.parse(AT);
const REFUSED = { id: "1", reason: "NotAllowed", message: "it is resolved", at: AT };

function movedAt(changed_at: string) {
  return [{ from_status: null, to_status: "fixing" as const, changed_at, actor: "ann", reason: "" }];
}

it("is news for two minutes", () => {
  const incident = anIncident({ refused_request: REFUSED });
  expect(freshRefusal(incident, NOW + 119_000)).toBe("it is resolved");
  expect(freshRefusal(incident, NOW + 120_000)).toBeNull();
});

it("is no news once the incident moved", () => {
  const before = anIncident({ refused_request: REFUSED, status_history: movedAt("2026-01-31T11:59:59Z") });
  const after = anIncident({ refused_request: REFUSED, status_history: movedAt("2026-01-31T12:00:01Z") });
  expect(freshRefusal(before, NOW)).toBe("it is resolved");
  expect(freshRefusal(after, NOW)).toBeNull();
});

it("is nothing where nothing was refused", () => {
  expect(freshRefusal(anIncident(), NOW)).toBeNull();
});
