import { describe, expect, it } from "vitest";

import { checkDraft, type Draft, EMPTY, isTouched, placeErrors, toBody } from "./draft";

const draft: Draft = {
  ...EMPTY,
  message: "  Checkout answers with 503 ",
  fields: [
    { key: 1, name: "region", value: "eu" },
    { key: 2, name: "", value: "" },
    { key: 3, name: "a.b", value: "x" },
  ],
};

describe("isTouched", () => {
  it("asks for nothing where nothing would be lost", () => {
    expect(isTouched(EMPTY)).toBe(false);
    expect(isTouched({ ...EMPTY, fields: [{ key: 1, name: "", value: "" }] })).toBe(false);
  });

  it.each<Partial<Draft>>([
    { message: "x" },
    { systems: ["redis-test"] },
    { severity: "P0" },
    { mode: "manual" },
    { fields: [{ key: 1, name: "", value: "x" }] },
  ])("sees %j", (changes) => {
    expect(isTouched({ ...EMPTY, ...changes })).toBe(true);
  });
});

describe("checkDraft", () => {
  it("wants a line with something to read", () => {
    expect(checkDraft({ ...EMPTY, message: "  " })).toHaveProperty("message");
    expect(checkDraft(draft)).toEqual({});
  });

  it("wants a name for each value, and no name twice", () => {
    const fields = [
      { key: 1, name: "a", value: "" },
      { key: 2, name: " a ", value: "" },
      { key: 3, name: "", value: "x" },
      { key: 4, name: "-c", value: "" },
    ];
    expect(Object.keys(checkDraft({ ...draft, fields }))).toEqual(["field.2", "field.3", "field.4"]);
  });
});

describe("toBody", () => {
  it("leaves out rows without a name, and a severity that nobody chose", () => {
    expect(toBody(draft, "drills")).toMatchObject({
      message: "Checkout answers with 503",
      severity: null,
      metadata: { region: "eu", "a.b": "x" },
      namespace: "drills",
    });
  });
});

describe("placeErrors", () => {
  it("puts each at its field, the first where there are several", () => {
    const told = [
      { where: "body.message", message: "too short" },
      { where: "body.affected_systems.0", message: "bad name" },
      { where: "body.affected_systems.1", message: "bad too" },
      { where: "body.incident_type", message: "what?" },
      { where: "body.metadata.a.b", message: "too long" },
      { where: "body.metadata.region.[key]", message: "bad key" },
    ];
    expect(placeErrors(told, draft)).toEqual({
      errors: {
        message: "too short",
        systems: "bad name",
        type: "what?",
        "field.3": "too long",
        "field.1": "bad key",
      },
      rest: [],
    });
  });

  it("keeps what belongs to no field, and to no row", () => {
    const told = [
      { where: "body.namespace", message: "not yours" },
      { where: "body.metadata", message: "too many" },
      { where: "", message: "?" },
    ];
    expect(placeErrors(told, draft)).toEqual({
      errors: { fields: "too many" },
      rest: ["body.namespace: not yours", ": ?"],
    });
  });
});
