import { describe, expect, it } from "vitest";

import { formatBytes, formatMilliseconds, formatShare, secondsBetween } from "./format";

describe("units", () => {
  it("goes from bytes to TiB and no further", () => {
    expect([0, 1023, 1024, 2 ** 60].map(formatBytes)).toEqual(["0 B", "1,023 B", "1 KiB", "1,048,576 TiB"]);
  });

  it("keeps tenths of few milliseconds", () => {
    expect([0.44, 9.96, 42.4, 2500].map(formatMilliseconds)).toEqual(["0.4 ms", "10 ms", "42 ms", "2.5 s"]);
  });

  it("tells a share in whole percent", () => {
    expect(formatShare(5, 6)).toBe("83 %");
  });
});

describe("secondsBetween", () => {
  it("is not known where one of the two is no time", () => {
    expect(secondsBetween("2026-01-31T12:00:00Z", "2026-01-31T12:00:01.500Z")).toBe(1.5);
    expect(secondsBetween(null, "2026-01-31T12:00:00Z")).toBeNull();
    expect(secondsBetween("2026-01-31T12:00:00Z", "yesterday")).toBeNull();
  });
});
