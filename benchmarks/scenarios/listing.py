"""List: many incidents at once, over HTTP and as a snapshot, and how long a server needs to know them."""

from __future__ import annotations

import gzip
from statistics import median

from benchmarks import httpget
from benchmarks.figures import Measurement, Meters, add_memory
from benchmarks.meter import read_usage
from benchmarks.ports import free_port
from benchmarks.scenarios.bench import Bench
from benchmarks.swarmlink import SwarmLink
from benchmarks.targets.base import Server
from incident_local.ports import LOOPBACK

NAME = "list"
_SECONDS = 60.0


async def run(bench: Bench) -> Measurement:
    """Medians of repeated requests, each on a connection of its own, to the last byte."""
    measurement, target, options = Measurement(), bench.target, bench.options
    await target.prepare(options.list_incidents)
    starts = []
    for _ in range(max(1, options.repeats - 2)):
        async with target.server(free_port()) as server:
            starts.append(server.ready_seconds)
    measurement.add("cold start until ready, median", median(starts), "s")
    async with target.server(free_port()) as server:
        add_memory(measurement, "after the start", read_usage([server.pid]))
        meters = Meters(server.pid, target.store_pids, target.store_title)
        etag = await _ask(bench, server, measurement, "whole", target.lists.path, {})
        meters.report(measurement, "whole")
        await _ask(bench, server, measurement, "gzip", target.lists.path, {"Accept-Encoding": "gzip"})
        await _ask_for_parts(bench, server, measurement, etag)
        if target.lists.has_snapshot:
            async with SwarmLink(target.stream(server.port), sample=0) as swarm:
                answer = await swarm.connect(1, seconds=_SECONDS)
            measurement.add("snapshot over WebSocket, time", answer["sync_ms"]["max"], "ms")
            measurement.add("snapshot over WebSocket, size", answer["received_bytes"] / 1e6, "MB")
        else:
            measurement.add("snapshot over WebSocket, time", None, "ms", "not offered")
        add_memory(measurement, "in the end", read_usage([server.pid]))
    return measurement


async def _ask_for_parts(bench: Bench, server: Server, measurement: Measurement, etag: str) -> None:
    lists = bench.target.lists
    if lists.has_etag:
        await _ask(bench, server, measurement, "unchanged", lists.path, {"If-None-Match": etag}, status=304)
    else:
        measurement.add("unchanged, time", None, "ms", "not offered")
    if lists.page_path:
        await _ask(bench, server, measurement, "filtered page of 50", lists.page_path, {})
    else:
        measurement.add("filtered page of 50, time", None, "ms", "not offered")


async def _ask(
    bench: Bench,
    server: Server,
    measurement: Measurement,
    name: str,
    path: str,
    headers: dict[str, str],
    *,
    status: int = 200,
) -> str:
    """The ETag of the answer."""
    times, answer = [], None
    for _ in range(bench.options.repeats):
        answer = await httpget.get(LOOPBACK, server.port, path, bench.target.headers | headers, seconds=_SECONDS)
        times.append(1000 * answer.seconds)
    if answer is None or answer.status != status:
        measurement.remarks.append(f"{name}: HTTP {answer.status if answer else 0} instead of {status}")
        return ""
    is_packed = answer.headers.get("content-encoding") == "gzip"
    if is_packed:
        gzip.decompress(answer.body)  # raises where it is none
    note = "answered without compression" if headers.get("Accept-Encoding") and not is_packed else ""
    measurement.add(f"{name}, time, median", median(times), "ms", note)
    measurement.add(f"{name}, time of the first", times[0], "ms")
    measurement.add(f"{name}, size", len(answer.body) / 1e6, "MB", note)
    return answer.headers.get("etag", "")
