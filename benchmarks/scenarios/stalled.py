"""Stalled: what one bad client does to all others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from benchmarks.figures import Measurement
from benchmarks.scenarios.bench import Bench, Delivery, add_delivery, deliver_steadily
from benchmarks.swarmlink import SwarmFailed, SwarmLink
from benchmarks.targets.base import Server

NAME = "stalled"
_RESETS = 5
_NAME = "bad"


async def run(bench: Bench) -> Measurement:
    """Latency of the good boards under a steady load: alone, beside a client that never reads, and one that resets."""
    measurement = Measurement()
    await bench.target.prepare(bench.options.incidents)
    async with bench.boards() as (server, swarm):
        delivery = await deliver_steadily(bench, server, swarm)
        await _add(measurement, bench, server, "alone", delivery)
    async with bench.boards() as (server, swarm):
        await swarm.open_raw(_NAME)
        delivery = await deliver_steadily(bench, server, swarm)
        await _add(measurement, bench, server, "beside one that never reads", delivery)
    async with bench.boards() as (server, swarm):
        resetting = asyncio.create_task(_reset_often(bench, swarm))
        try:
            delivery = await deliver_steadily(bench, server, swarm)
        finally:
            resetting.cancel()
            with suppress(asyncio.CancelledError):
                await resetting
        await _add(measurement, bench, server, f"while {_RESETS} clients reset", delivery)
    return measurement


async def _reset_often(bench: Bench, swarm: SwarmLink) -> None:
    """Clients that connect and reset in the middle of the load, one after the other."""
    pause = bench.options.seconds / (2 * _RESETS + 1)
    for _ in range(_RESETS):
        await asyncio.sleep(pause)
        with suppress(SwarmFailed):  # of a server that hangs already
            await swarm.open_raw(_NAME)
            await asyncio.sleep(pause)
            await swarm.reset_raw(_NAME)


async def _add(measurement: Measurement, bench: Bench, server: Server, name: str, delivery: Delivery) -> None:
    add_delivery(measurement, bench, name, delivery)
    lives = await server.is_well()
    measurement.add(f"{name}: good boards connected at the end", delivery.seen["alive"], "boards")
    measurement.add(f"{name}: server goes on delivering", float(lives and not delivery.has_stopped), "yes=1")
    if delivery.has_stopped:
        measurement.remarks.append(
            f"{name}: nobody got anything any more after {delivery.working_seconds:.1f} s; "
            f"the process {'still answers' if lives else 'does not answer'} its health check"
        )
