"""Steady: a constant rate of changes with all boards connected."""

from __future__ import annotations

from benchmarks.figures import Measurement, Meters
from benchmarks.scenarios.bench import Bench, add_delivery, add_inspection, deliver_steadily

NAME = "steady"


async def run(bench: Bench) -> Measurement:
    """Latency from just before the write is sent until a board has read the change, over all boards and changes."""
    measurement = Measurement()
    await bench.target.prepare(bench.options.incidents)
    async with bench.boards() as (server, swarm):
        before = await swarm.report()
        meters = Meters(server.pid, bench.target.store_pids, bench.target.store_title)
        async with bench.target.watched_store() as store_times:
            delivery = await deliver_steadily(bench, server, swarm)
        seconds = max(delivery.written.seconds, delivery.working_seconds)
        meters.report(measurement, "", seconds)
        after = await swarm.report()
        add_delivery(measurement, bench, "", delivery)
        if store_times is not None:
            measurement.add_times("of it until the store's own notice", store_times.summary())
        received = after["received_bytes"] - before["received_bytes"]
        measurement.add("received by all boards", received / 2**20, "MiB")
        for name, key in (("swarm CPU share", "cpu_seconds"), ("of it in the kernel", "system_seconds")):
            used = after[key] - before[key]
            measurement.add(name, 100 * used / seconds if seconds else None, "% of a core")
        await add_inspection(measurement, swarm)
        if delivery.has_stopped:
            measurement.remarks.append(f"the server stopped delivering after {delivery.working_seconds:.0f} s")
    return measurement
