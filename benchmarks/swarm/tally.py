"""Which board has seen which marks, and how long after they were sent."""

from __future__ import annotations

import time

from benchmarks.marks import DIGITS_FROM, DIGITS_TO, LENGTH, START, WORD
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

    def scan(self, board: int, data: bytes) -> None:
        """Take in a chunk as it was read. A mark that its end cuts off is left for the next."""
        at = data.find(START)
        if at < 0:
            return
        now = time.monotonic_ns()
        seen, first, size, end = self._seen[board], self._first, self._size, len(data) - LENGTH
        while 0 <= at <= end:
            if data.startswith(WORD, at + 1):
                number = int(data[at + DIGITS_FROM : at + DIGITS_TO]) - first
                if 0 <= number < size and not seen[number]:
                    seen[number] = 1
                    self.counts[board] += 1
                    self.latencies.add(now - int(data[at + DIGITS_TO + 1 : at + LENGTH]))
                    self.last_ns = now
            at = data.find(START, at + 1)

    def complete(self, sent: int) -> int:
        """How many boards have seen `sent` marks."""
        return sum(count >= sent for count in self.counts)

    @property
    def delivered(self) -> int:
        """New marks over all boards."""
        return sum(self.counts)
