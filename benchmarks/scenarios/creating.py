"""Create: incidents over REST, several requests at a time, with no board connected."""

from __future__ import annotations

import asyncio
import itertools
import time
from statistics import median, quantiles

from benchmarks.figures import Measurement, Meters
from benchmarks.ports import free_port
from benchmarks.scenarios.bench import Bench
from benchmarks.targets.base import Server, TargetFailed

NAME = "create"
_MOST_PROBLEMS = 3


async def run(bench: Bench) -> Measurement:
    """How many a second, and the time of each request."""
    measurement, target, options = Measurement(), bench.target, bench.options
    await target.prepare(options.incidents)
    async with target.server(free_port()) as server:
        meters = Meters(server.pid, target.store_pids, target.store_title)
        began = time.monotonic()
        times, problems = await _create_for(bench, server, options.create_seconds)
        seconds = time.monotonic() - began
        measurement.add("creates a second", len(times) / seconds, "/s")
        if len(times) > 1:
            measurement.add("create, median", median(times), "ms")
            measurement.add("create, p99", quantiles(times, n=100)[98], "ms")
        meters.report(measurement, "", seconds)
        measurement.remarks += [f"a create failed: {problem}" for problem in problems[:1]]
    await target.prepare(options.incidents)
    return measurement


async def _create_for(bench: Bench, server: Server, seconds: float) -> tuple[list[float], list[str]]:
    """(milliseconds of each that succeeded, problems)."""
    numbers = itertools.count()
    times: list[float] = []
    problems: list[str] = []
    until = time.monotonic() + seconds

    async def work() -> None:
        while time.monotonic() < until and len(problems) < _MOST_PROBLEMS:
            before = time.monotonic()
            try:
                await bench.target.create(next(numbers), server.port)
            except TargetFailed as error:
                problems.append(str(error))
            else:
                times.append(1000 * (time.monotonic() - before))

    async with asyncio.TaskGroup() as group:
        for _ in range(bench.options.create_in_flight):
            group.create_task(work())
    return times, problems
