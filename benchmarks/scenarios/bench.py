"""What scenarios share: a server with boards, a load with a watchdog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from statistics import median, quantiles
from typing import Any

from benchmarks.figures import Measurement
from benchmarks.load import Writer, WriteReport
from benchmarks.marks import LARGEST
from benchmarks.options import Options
from benchmarks.ports import free_port
from benchmarks.swarmlink import SwarmLink
from benchmarks.targets.base import Server, Target

_WATCH_SECONDS = 0.5


@dataclass(slots=True)
class Bench:
    """One target with an open store, and marks that no earlier scenario used."""

    target: Target
    options: Options
    _next_mark: int = field(default=1)

    def take_marks(self, count: int) -> int:
        """The first of so many new numbers."""
        first = self._next_mark
        self._next_mark += count
        if self._next_mark > LARGEST:
            raise ValueError("out of marks: fewer seconds or a lower rate, please")
        return first

    @asynccontextmanager
    async def swarm(self, server: Server, *, with_lists: bool) -> AsyncIterator[SwarmLink]:
        """A swarm process, not connected yet."""
        stream = self.target.stream(server.port)
        if not with_lists:
            stream = replace(stream, list_path="")
        async with SwarmLink(stream, sample=self.options.sample) as swarm:
            yield swarm

    @asynccontextmanager
    async def boards(self, *, with_lists: bool = False) -> AsyncIterator[tuple[Server, SwarmLink]]:
        """A fresh server with all boards connected; synced too, where the stream does that or lists are asked for."""
        async with self.target.server(free_port()) as server, self.swarm(server, with_lists=with_lists) as swarm:
            answer = await swarm.connect(self.options.clients, seconds=self.options.sync_seconds)
            if answer["live"] < self.options.clients:
                raise NotConnected(f"{answer['live']} of {self.options.clients} boards connected: {answer['failures']}")
            yield server, swarm

    def writer(self, server: Server, *, first: int, in_flight: int) -> Writer:
        """Writes to the incidents in turn."""

        async def change(index: int, mark: str) -> None:
            await self.target.change(index, mark, server.port)

        return Writer(change, first=first, incidents=self.options.incidents, in_flight=in_flight)


class NotConnected(Exception):
    """The boards did not all get through, so that nothing could be measured with them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was written, what of it arrived, and whether the server stopped delivering in between."""

    written: WriteReport
    seen: dict[str, Any]
    """As Flock.report gives it."""
    has_stopped: bool
    working_seconds: float
    """From the first write to the latest delivery."""


async def deliver_steadily(bench: Bench, server: Server, swarm: SwarmLink) -> Delivery:
    """A steady load; ended early when nothing has been delivered for long."""
    options = bench.options
    size = int(options.rate * options.seconds)
    first = bench.take_marks(size)
    await swarm.watch(first=first, size=size)
    writer = bench.writer(server, first=first, in_flight=options.steady_in_flight)
    load = asyncio.create_task(writer.steady(options.rate, options.seconds))
    return await watch_load(bench, swarm, writer, load)


async def watch_load(bench: Bench, swarm: SwarmLink, writer: Writer, load: asyncio.Task[WriteReport]) -> Delivery:
    """Until the load has ended and all has arrived, or nothing arrives any more."""
    idle = bench.options.idle_seconds
    stopped = False
    while not load.done():
        await asyncio.wait([load], timeout=_WATCH_SECONDS)
        seen = await swarm.report(writer.report.sent)
        expected = writer.report.sent * bench.options.clients
        if not load.done() and seen["delivered"] < expected and _quiet_seconds(writer, seen) > idle:
            stopped = True
            writer.stop()
            load.cancel()
            await asyncio.wait([load])
    written = writer.report
    seen = await swarm.wait(written.sent, idle_seconds=idle, seconds=bench.options.sync_seconds)
    # Marks that a later change overtook are missing, too: it has stopped when the latest writes brought nothing.
    missing = seen["complete"] < bench.options.clients and seen["last_ns"] < written.last_ns
    still = (seen["last_ns"] - written.began_ns) / 1e9 if seen["last_ns"] else 0.0
    return Delivery(written, seen, stopped or missing, still)


def _quiet_seconds(writer: Writer, seen: dict[str, Any]) -> float:
    latest: int = max(writer.report.began_ns, seen["last_ns"])
    return (time.monotonic_ns() - latest) / 1e9


def add_delivery(measurement: Measurement, bench: Bench, name: str, delivery: Delivery) -> None:
    """Latencies and how much arrived."""
    written, seen = delivery.written, delivery.seen
    expected = written.sent * bench.options.clients
    measurement.add(f"{name} changes taken", written.sent / written.seconds if written.seconds else None, "/s")
    measurement.add(f"{name} delivered", 100 * seen["delivered"] / expected if expected else None, "%")
    measurement.add_times(f"{name} latency", seen["latency_ms"])
    if len(written.acknowledged_ms) > 1:
        measurement.add(f"{name} write acknowledged, median", median(written.acknowledged_ms), "ms")
        measurement.add(f"{name} write acknowledged, p99", quantiles(written.acknowledged_ms, n=100)[98], "ms")
    for problem in written.problems:
        measurement.remarks.append(f"{name} {written.failed} writes failed, such as {problem}".strip())
        break


async def add_inspection(measurement: Measurement, swarm: SwarmLink) -> None:
    """What the closely read boards say of the stream."""
    found = await swarm.inspection()
    if found["problems"]:
        measurement.remarks.append(f"the stream was not as it should be: {'; '.join(found['problems'])}")
    count = sum(found["types"].values())
    if count:
        measurement.add("message size, mean", found["message_bytes"] / count, "bytes")
