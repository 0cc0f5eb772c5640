"""How far RedisMemory fills a server, and what it takes for data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
import pytest_asyncio

from incident_crds.catalogue import FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults import redis_memory
from incident_operator.faults.registry import build_faults
from incident_operator.targets import Refused, TargetError
from incident_operator.targets.redis import RedisTarget, as_text, parse_clients
from incident_operator.targets.redis_link import Argument, Reply
from tests.waiting import eventually

LIFETIME = timedelta(seconds=60)
HASH = "0123456789ab"


def make_spec(fill_percent: int = 90) -> FaultSpec:
    return FaultSpec.model_validate({"type": "RedisMemory", "redisMemory": {"fillPercent": fill_percent}})


async def test_recover_cuts_off_a_writer_that_is_still_connected(redis_target: RedisTarget) -> None:
    """Commands of a dead injector may still lie in the server's socket: they must not come after the recovery."""
    fault = build_faults()[FaultType.REDIS_MEMORY]
    undo = fault.undo_record(HASH, make_spec(), HealthPolicy())
    writer = redis_target.new_link(undo.tag)
    identifier = await writer.call("CLIENT", "ID")
    assert await fault.residue(redis_target, undo) == 1
    await fault.recover(redis_target, undo)
    assert await fault.residue(redis_target, undo) == 0
    assert f"id={identifier} " not in as_text(await redis_target.call("CLIENT", "LIST"))
    await writer.close()


async def test_redis_without_maxmemory_is_refused(redis_target: RedisTarget) -> None:
    await redis_target.call("CONFIG", "SET", "maxmemory", "0")
    fault = build_faults()[FaultType.REDIS_MEMORY]
    spec = make_spec()
    try:
        with pytest.raises(Refused, match="no maxmemory"):
            await fault.inject(redis_target, spec, fault.undo_record(HASH, spec, HealthPolicy()), LIFETIME)
    finally:
        await redis_target.call("CONFIG", "SET", "maxmemory", str(64 * 1024 * 1024))


async def test_filling_an_evicting_redis_to_the_brim_is_refused(redis_target: RedisTarget) -> None:
    await redis_target.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    fault = build_faults()[FaultType.REDIS_MEMORY]
    spec = make_spec(100)
    try:
        with pytest.raises(Refused, match="ordinary keys"):
            await fault.inject(redis_target, spec, fault.undo_record(HASH, spec, HealthPolicy()), LIFETIME)
    finally:
        await redis_target.call("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_redis_is_filled_as_far_as_asked_also_while_it_frees_what_was_there(
    redis_target: RedisTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server frees deleted keys in a thread of its own, and counts them until it has."""
    fault = build_faults()[FaultType.REDIS_MEMORY]
    spec = FaultSpec.model_validate({"type": "RedisMemory", "redisMemory": {"fillPercent": 80}})
    undo = fault.undo_record("000000000fill", spec, HealthPolicy())
    real, looks = redis_target.call_many, 0

    async def call_many(commands: Sequence[tuple[Argument, ...]]) -> list[Reply | TargetError]:
        nonlocal looks
        looks += 1
        replies = await real(commands)
        if looks < 5 and commands[0] == ("INFO", "memory"):
            replies[0] = b"used_memory:67108864\r\nmaxmemory:67108864\r\nlazyfree_pending_objects:1\r\n"
        return replies

    monkeypatch.setattr(redis_target, "call_many", call_many)
    await fault.inject(redis_target, spec, undo, timedelta(seconds=60))
    used = await used_percent(redis_target)
    await fault.recover(redis_target, undo)
    assert looks >= 5
    assert used >= 79


async def used_percent(redis_target: RedisTarget) -> float:
    memory = await redis_target.info("memory")
    return int(memory["used_memory"]) / int(memory["maxmemory"]) * 100


async def test_what_redis_keeps_while_it_rewrites_its_file_is_not_data(redis_target: RedisTarget) -> None:
    """Redis 6 keeps every write twice until the rewrite is over; half of that would pass for a full server."""
    fault = build_faults()[FaultType.REDIS_MEMORY]
    undo = fault.undo_record("0000rewrite", make_spec(), HealthPolicy())

    async def is_rewriting(wanted: str) -> bool:
        found = await redis_target.info("persistence")
        return (found["aof_rewrite_in_progress"], found["aof_rewrite_scheduled"]) == (wanted, "0")

    await redis_target.call("CONFIG", "SET", "appendonly", "yes")
    try:
        await eventually(lambda: is_rewriting("0"), "the end of the rewrite")
        await redis_target.call("CONFIG", "SET", "rdb-key-save-delay", "3000")  # so that it lasts 1.5 s
        await redis_target.call("BGREWRITEAOF")
        assert await is_rewriting("1")
        await fault.inject(redis_target, make_spec(), undo, LIFETIME)
        await eventually(lambda: is_rewriting("0"), "the end of the rewrite")
        assert await used_percent(redis_target) == pytest.approx(90, abs=2)
    finally:
        await redis_target.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        await fault.recover(redis_target, undo)
        await redis_target.call("CONFIG", "SET", "appendonly", "no")


@pytest_asyncio.fixture
async def slow_reader(redis_target: RedisTarget) -> AsyncIterator[asyncio.StreamWriter]:
    """Asks for far more than it reads: the answers stay with the server, about 20 MiB of them."""
    host, port, _ = redis_target.access.parse()
    _, writer = await asyncio.open_connection(host, port, limit=1024)
    await redis_target.call("SET", "report:large", "x" * 1024 * 1024, "EX", "60")
    login = f"AUTH {redis_target.access.username} {redis_target.access.password}\r\n"
    writer.write(login.encode() + b"GET report:large\r\n" * 26)
    await writer.drain()

    async def is_waiting() -> bool:
        clients = parse_clients(await redis_target.call("CLIENT", "LIST"))
        return any(int(client["omem"]) > 15 * 1024 * 1024 for client in clients)

    await eventually(is_waiting, "answers that wait")
    yield writer
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()
    await redis_target.call("UNLINK", "report:large")


async def test_the_buffers_of_other_clients_are_not_data(
    redis_target: RedisTarget, slow_reader: asyncio.StreamWriter
) -> None:
    fault = build_faults()[FaultType.REDIS_MEMORY]
    undo = fault.undo_record("0000clients", make_spec(), HealthPolicy())
    injection = asyncio.create_task(fault.inject(redis_target, make_spec(), undo, LIFETIME))
    try:
        await asyncio.sleep(1)
        assert not injection.done()  # there is no room for the rest
        slow_reader.transport.abort()
        await injection
        assert await used_percent(redis_target) == pytest.approx(90, abs=2)
    finally:
        await fault.recover(redis_target, undo)


@pytest.mark.usefixtures("slow_reader")
async def test_a_server_without_room_for_the_data_is_not_called_full(
    redis_target: RedisTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_memory, "_PATIENCE", timedelta(seconds=1))
    fault = build_faults()[FaultType.REDIS_MEMORY]
    undo = fault.undo_record("0000noroom", make_spec(), HealthPolicy())
    with pytest.raises(Refused, match=r"did not reach 60397977 bytes of data: .* of clients' buffers"):
        await fault.inject(redis_target, make_spec(), undo, LIFETIME)
    await fault.recover(redis_target, undo)
    assert await fault.residue(redis_target, undo) == 0


async def test_a_server_that_takes_no_more_is_as_full_as_can_be(redis_target: RedisTarget) -> None:
    fault = build_faults()[FaultType.REDIS_MEMORY]
    spec = FaultSpec.model_validate({"type": "RedisMemory", "redisMemory": {"fillPercent": 100}})
    undo = fault.undo_record("00000brim", spec, HealthPolicy())
    await fault.inject(redis_target, spec, undo, LIFETIME)
    used = await used_percent(redis_target)
    await fault.recover(redis_target, undo)
    assert used == pytest.approx(100, abs=2)
