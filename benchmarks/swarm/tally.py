"""Which board has seen which marks, and how long after they were sent."""

from __future__ import annotations

import time

from benchmarks.swarm.histogram import Histogram


class Tally:
    """Expects the marks `first` to `first + size - 1` on each of the boards; all others are passed over."""

    def __init__(self, *, boards: int, first: int, size: int) -> None:
        self._first = first
        self._size = size
        self._seen = [bytearray(size) for _ in range(boards)]
        self.counts = [0] * boards
        """New marks that each board has seen."""
        self.latencies = Histogram()
        self.last_ns = 0
        """When the latest new mark arrived, on the monotonic clock; 0 before the first."""

    def take(self, board: int, marks: tuple[tuple[int, int], ...]) -> None:
        """A board has just read these (number, nanoseconds when sent)."""
        now = time.monotonic_ns()
        seen, first, size = self._seen[board], self._first, self._size
        for number, sent_ns in marks:
            index = number - first
            if 0 <= index < size and not seen[index]:
                seen[index] = 1
                self.counts[board] += 1
                self.latencies.add(now - sent_ns)
                self.last_ns = now

    def complete(self, sent: int) -> int:
        """How many boards have seen `sent` marks."""
        return sum(count >= sent for count in self.counts)

    @property
    def delivered(self) -> int:
        """New marks over all boards."""
        return sum(self.counts)
