"""Writes changes: as fast as they are taken, or so many a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.marks import make_mark
from benchmarks.targets.base import TargetFailed

Change = Callable[[int, str], Awaitable[None]]
"""Takes the number of an incident and the mark to write into it."""


@dataclass(slots=True)
class WriteReport:
    """What became of the writes."""

    sent: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    acknowledged_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    began_ns: int = 0
    last_ns: int = 0
    """When the latest write was sent, on the monotonic clock."""


class Writer:
    """Marks are numbered on from `first`; the incidents are written in turn."""

    def __init__(self, change: Change, *, first: int, incidents: int, in_flight: int) -> None:
        self._change = change
        self._first = first
        self._incidents = incidents
        self._in_flight = in_flight
        self._stopped = asyncio.Event()
        self.report = WriteReport()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()

    async def burst(self, count: int) -> WriteReport:
        """Each of `count` incidents once, `in_flight` at a time."""
        return await self._work(self._numbers(count), lambda _: None)

    async def steady(self, rate: int, seconds: float) -> WriteReport:
        """So many a second. A server that takes fewer gets fewer: never more than `in_flight` wait for it."""
        began = time.monotonic()

        def due(number: int) -> float | None:
            return began + number / rate

        return await self._work(self._numbers(int(rate * seconds)), due, until=began + seconds)

    def _numbers(self, count: int) -> Iterator[int]:
        for number in range(count):
            if self._stopped.is_set():
                return
            yield number

    async def _work(
        self, numbers: Iterator[int], due: Callable[[int], float | None], until: float = float("inf")
    ) -> WriteReport:
        report = self.report
        began = time.monotonic()
        report.began_ns = time.monotonic_ns()

        async def work() -> None:
            for number in numbers:
                if time.monotonic() > until:
                    return
                if (moment := due(number)) is not None:
                    await asyncio.sleep(max(0.0, moment - time.monotonic()))
                await self._write(number)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._in_flight):
                    group.create_task(work())
        finally:
            report.seconds = time.monotonic() - began
        return report

    async def _write(self, number: int) -> None:
        report = self.report
        report.sent += 1
        report.last_ns = time.monotonic_ns()
        before = time.monotonic()
        try:
            await self._change(number % self._incidents, make_mark(self._first + number))
        except TargetFailed as error:
            report.failed += 1
            if len(report.problems) < 3:
                report.problems.append(str(error))
        else:
            report.acknowledged_ms.append(1000 * (time.monotonic() - before))
