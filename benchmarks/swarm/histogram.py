"""Times in buckets of 0.1 ms: a million a second can be counted, and percentiles are exact to a bucket."""

from __future__ import annotations

from array import array

_BUCKET_NS = 100_000
_BUCKETS = 1_200_000  # two minutes; whatever is longer counts as that


class Histogram:
    """Counts times given in nanoseconds, tells them in milliseconds."""

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * _BUCKETS))
        self.total = 0
        self._largest_ns = 0

    def add(self, nanoseconds: int) -> None:
        bucket = nanoseconds // _BUCKET_NS
        self._counts[bucket if bucket < _BUCKETS else _BUCKETS - 1] += 1
        self.total += 1
        if nanoseconds > self._largest_ns:
            self._largest_ns = nanoseconds

    def summary(self) -> dict[str, float | None]:
        """p50, p95, p99 and max in milliseconds; None where nothing was counted."""
        if not self.total:
            return {"p50": None, "p95": None, "p99": None, "max": None}
        wanted = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
        found: dict[str, float | None] = {}
        passed = 0
        for bucket, count in enumerate(self._counts):
            if not count:
                continue
            passed += count
            while wanted and passed >= wanted[0][1] * self.total:
                found[wanted.pop(0)[0]] = (bucket + 1) * _BUCKET_NS / 1e6
            if not wanted:
                break
        return found | {"max": self._largest_ns / 1e6}
