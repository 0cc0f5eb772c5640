"""Burst: each incident changes once, as fast as the server takes it, with all boards connected."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Measurement, Meters
from benchmarks.load import Writer
from benchmarks.meter import read_usage
from benchmarks.scenarios.bench import Bench, add_inspection, watch_load

NAME = "burst"


async def run(bench: Bench) -> Measurement:
    """Time from the first write until the last board holds the last state of every incident."""
    options, measurement = bench.options, Measurement()
    await bench.target.prepare(options.incidents)
    if not bench.target.changes_pass_server:
        await _add_store_alone(bench, measurement)
    async with bench.boards() as (server, swarm):
        first = bench.take_marks(options.incidents)
        await swarm.watch(first=first, size=options.incidents)
        before = await swarm.report()
        meters = Meters(server.pid, bench.target.store_pids, bench.target.store_title)
        writer = bench.writer(server, first=first, in_flight=options.burst_in_flight)
        load = asyncio.create_task(writer.burst(options.incidents))
        delivery = await watch_load(bench, swarm, writer, load)
        after = await swarm.report()
        seconds, complete = delivery.working_seconds, delivery.seen["complete"]
        done = complete == options.clients
        note = "" if done else f"only {complete} of {options.clients} boards got everything"
        measurement.add("until the last board has everything", seconds if done else None, "s", note)
        measurement.add("changes a second", options.incidents / seconds if done else None, "/s")
        measurement.add("until the last write was acknowledged", delivery.written.seconds, "s")
        measurement.add_times("latency", delivery.seen["latency_ms"])
        measurement.add("received by all boards", (after["received_bytes"] - before["received_bytes"]) / 2**20, "MiB")
        meters.report(measurement, "")
        measurement.add("swarm CPU", after["cpu_seconds"] - before["cpu_seconds"], "s")
        await add_inspection(measurement, swarm)
        for problem in delivery.written.problems:
            measurement.remarks.append(f"{delivery.written.failed} writes failed, such as {problem}")
            break
    return measurement


async def _add_store_alone(bench: Bench, measurement: Measurement) -> None:
    """The same writes with no server and no boards: with them it cannot be faster."""
    target, count = bench.target, bench.options.incidents

    async def change(index: int, mark: str) -> None:
        await target.change(index, mark, 0)

    before = read_usage(target.store_pids).cpu_seconds
    first = bench.take_marks(count)
    written = await Writer(change, first=first, incidents=count, in_flight=bench.options.burst_in_flight).burst(count)
    used = read_usage(target.store_pids).cpu_seconds - before
    measurement.add("store alone, until the last write was acknowledged", written.seconds, "s")
    measurement.add("store alone, store CPU", used, "s", target.store_title)
