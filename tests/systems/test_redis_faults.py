"""What is particular to the faults that hold clients of a real Redis."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from datetime import timedelta

import pytest

from incident_crds.catalogue import FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
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
    await fault.inject(redis_target, connections(), undo, timedelta(seconds=0.5))
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
