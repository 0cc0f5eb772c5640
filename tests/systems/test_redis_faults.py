"""What is particular to the faults that hold clients of a real Redis."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from incident_crds.catalogue import FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import Evidence
from incident_operator.faults.registry import build_faults
from incident_operator.probes.evidence import gather_evidence
from incident_operator.targets import Refused
from incident_operator.targets.redis import RedisTarget
from tests.waiting import eventually

HASH = "0123456789ab"
LIFETIME = timedelta(seconds=60)


def connections(percent: int = 90) -> FaultSpec:
    return FaultSpec.model_validate({"type": "RedisConnections", "redisConnections": {"fillPercent": percent}})


async def test_connections_end_with_their_time_while_their_holder_lives(redis_target: RedisTarget) -> None:
    fault = build_faults()[FaultType.REDIS_CONNECTIONS]
    undo = fault.undo_record(HASH, connections(), HealthPolicy())
    await fault.inject(redis_target, connections(), undo, timedelta(seconds=3))
    try:

        async def gone() -> bool:
            return await fault.residue(redis_target, undo) == 0

        await eventually(gone, "the end of the fault")
    finally:
        await fault.recover(redis_target, undo)


async def test_slots_stay_free_for_the_operator(redis_target: RedisTarget) -> None:
    fault = build_faults()[FaultType.REDIS_CONNECTIONS]
    undo = fault.undo_record(HASH, connections(), HealthPolicy())
    with pytest.raises(Refused, match=r"194 of 200 clients would leave 6 connections.* set fillPercent to 96 or less"):
        await fault.inject(redis_target, connections(97), undo, LIFETIME)
    assert await fault.residue(redis_target, undo) == 0
    await fault.inject(redis_target, connections(96), undo, LIFETIME)
    assert int((await redis_target.info("clients"))["connected_clients"]) == 192
    await fault.recover(redis_target, undo)


MEMORY = FaultSpec.model_validate({"type": "RedisMemory", "redisMemory": {}})


async def test_redis_is_filled_in_a_second_and_nobody_waits_for_that(redis_target: RedisTarget) -> None:
    fault = build_faults()[FaultType.REDIS_MEMORY]
    undo = fault.undo_record(HASH, MEMORY, HealthPolicy())
    before = int((await redis_target.info("memory"))["used_memory"])
    longest = 0.0

    async def watch() -> None:
        """The loop's own work between two turns. Other processes' turns on a busy machine do not count."""
        nonlocal longest
        while True:
            used = time.thread_time()
            await asyncio.sleep(0.002)
            longest = max(longest, time.thread_time() - used)

    watching = asyncio.create_task(watch())
    try:
        begun = time.monotonic()
        await fault.inject(redis_target, MEMORY, undo, LIFETIME)
        took = time.monotonic() - begun
        assert int((await redis_target.info("memory"))["used_memory"]) - before > 50_000_000
        await fault.recover(redis_target, undo)
    finally:
        watching.cancel()
    assert took < 3  # 0.2 s where nothing else runs
    assert 0 < longest < 0.1


LATENCY = FaultSpec.model_validate({"type": "RedisLatency", "redisLatency": {}})


async def test_scripts_are_short_and_whoever_is_disconnected_stays_away(redis_target: RedisTarget) -> None:
    """Well below what the server calls busy, when it would answer nobody but with an error."""
    fault = build_faults()[FaultType.REDIS_LATENCY]
    undo = fault.undo_record(HASH, LATENCY, HealthPolicy())
    await redis_target.call("CONFIG", "SET", "lua-time-limit", 200)
    await redis_target.call("SLOWLOG", "RESET")
    try:
        await fault.inject(redis_target, LATENCY, undo, LIFETIME)
        assert len(await redis_target.client_ids(undo.tag)) == 6
        await redis_target.canary()

        async def read() -> Evidence | None:
            """The server itself may get no turn for a while, on a busy machine."""
            found = await gather_evidence(redis_target, "cache", [])
            return None if "error" in found.facts else found

        evidence = await eventually(read, "evidence")
        (usual,) = (s.milliseconds / s.count for s in evidence.slow_commands if s.client == undo.tag)
        assert 90 <= usual < 200
        await redis_target.end_clients(await redis_target.client_ids(undo.tag))

        async def gone() -> bool:
            return await fault.residue(redis_target, undo) == 0

        await eventually(gone, "the end of the work", 5)
        await redis_target.canary()
        assert await gone()
    finally:
        await fault.recover(redis_target, undo)
        await redis_target.call("CONFIG", "SET", "lua-time-limit", 5000)


async def test_work_ends_with_its_time(redis_target: RedisTarget) -> None:
    fault = build_faults()[FaultType.REDIS_LATENCY]
    undo = fault.undo_record(HASH, LATENCY, HealthPolicy())
    await fault.inject(redis_target, LATENCY, undo, timedelta(seconds=0.5))

    async def gone() -> bool:
        return await fault.residue(redis_target, undo) == 0

    try:
        await eventually(gone, "the end of the work", 5)
    finally:
        await fault.recover(redis_target, undo)


@pytest.mark.parametrize(
    ("delay", "policy", "words"),
    [
        (None, {}, None),
        (None, {"latencyBudgetMilliseconds": 20, "timeoutSeconds": 1}, None),
        (None, {"thresholdPercent": 20}, "set delayMilliseconds to between 684 and 749"),
        (None, {"latencyBudgetMilliseconds": 3000}, "raise the system's timeoutSeconds"),
        (400, {}, "between 459 and 749"),
        (459, {}, None),
        (749, {}, None),
        (750, {}, "would fail after 3000 ms"),
    ],
)
def test_delays_that_nobody_would_notice_or_survive(
    delay: int | None, policy: dict[str, int], words: str | None
) -> None:
    spec = FaultSpec.model_validate({"type": "RedisLatency", "redisLatency": {"delayMilliseconds": delay}})
    error = build_faults()[FaultType.REDIS_LATENCY].parameters_error(spec, HealthPolicy.model_validate(policy))
    assert (error is None) == (words is None), error
    assert words is None or words in (error or "")


@pytest.fixture
def few_files() -> Iterator[int]:
    """The soft limit that the test begins with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    yield 128
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_the_limit_of_open_files_is_raised_or_named(
    redis_target: RedisTarget, few_files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = build_faults()[FaultType.REDIS_CONNECTIONS]
    undo = fault.undo_record(HASH, connections(), HealthPolicy())
    await fault.inject(redis_target, connections(), undo, LIFETIME)
    assert await fault.residue(redis_target, undo) > few_files
    await fault.recover(redis_target, undo)
    # the hard limit cannot be lowered for a test: only root may raise it again
    monkeypatch.setattr(resource, "getrlimit", lambda _: (few_files, 300))
    monkeypatch.setattr(resource, "setrlimit", _refuse)
    with pytest.raises(Refused, match=r"needs \d{3} open files in the operator's process, which may open 300"):
        await fault.inject(redis_target, connections(), undo, LIFETIME)
    monkeypatch.undo()
    assert await fault.residue(redis_target, undo) == 0


def _refuse(*_: object) -> None:
    raise ValueError("not allowed to raise maximum limit")
