import { expect, it } from "vitest";

import { readSeconds } from "./seconds";

it("takes whole seconds that the API takes", () => {
  expect(["1", " 600 ", "3600"].map(readSeconds)).toEqual([1, 600, 3600]);
  expect(["", "0", "3601", "-5", "1.5", "1e3", "ten", "99999999999"].map(readSeconds)).toEqual(Array(8).fill(null));
});
