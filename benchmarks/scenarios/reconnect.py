"""Reconnect: all boards lose their connection and come back in the same moment."""

from __future__ import annotations

from benchmarks.figures import Measurement, Meters
from benchmarks.scenarios.bench import Bench
from benchmarks.swarmlink import SwarmLink
from benchmarks.targets.base import Server

NAME = "reconnect"


async def run(bench: Bench) -> Measurement:
    """Time until the last board has all incidents again: once with nothing kept, once from its last message."""
    options, measurement = bench.options, Measurement()
    await bench.target.prepare(options.incidents)
    async with bench.boards(with_lists=True) as (server, swarm):
        await _come_back(bench, server, swarm, measurement, "fresh", resume=False)
        if bench.target.stream(server.port).resume_parameter:
            await _let_all_see_a_change(bench, server, swarm)
            await _come_back(bench, server, swarm, measurement, "resumed", resume=True)
        else:
            measurement.add("resumed, until the last board is synced", None, "s", "not offered")
        measurement.add("server is well afterwards", float(await server.is_well()), "yes=1")
    return measurement


async def _come_back(
    bench: Bench, server: Server, swarm: SwarmLink, measurement: Measurement, name: str, *, resume: bool
) -> None:
    await swarm.disconnect()
    meters = Meters(server.pid, bench.target.store_pids, bench.target.store_title)
    answer = await swarm.connect(bench.options.clients, resume=resume, seconds=bench.options.sync_seconds)
    times, clients = answer["sync_ms"], bench.options.clients
    is_done = answer["live"] == clients
    note = "" if is_done else f"only {answer['live']} of {clients} boards got there in {bench.options.sync_seconds:g} s"
    last = times["max"] / 1000 if is_done and times["max"] is not None else None
    measurement.add(f"{name}, until the last board is synced", last, "s", note)
    measurement.add(f"{name}, until a board is synced, median", times["p50"], "ms")
    measurement.add(f"{name}, received by all boards", answer["received_bytes"] / 2**20, "MiB")
    meters.report(measurement, name)
    if answer["failures"]:
        measurement.remarks.append(f"{name}: boards had to try again: {answer['failures']}")
    if resume and answer["with_seq"] < clients:
        measurement.remarks.append(f"{name}: {clients - answer['with_seq']} boards had no seq to resume from")


async def _let_all_see_a_change(bench: Bench, server: Server, swarm: SwarmLink) -> None:
    """So that each board's latest message shows where it is."""
    first = bench.take_marks(1)
    await swarm.watch(first=first, size=1)
    await bench.writer(server, first=first, in_flight=1).burst(1)
    idle = bench.options.idle_seconds
    await swarm.wait(1, idle_seconds=idle, seconds=idle)
