"""Targets against real servers: canary, ordinary data, and errors that say what to do."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from incident_crds.catalogue import SystemType
from incident_operator.targets import AccessDenied, Refused, Target, Unreachable, open_target
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget, escape_glob
from tests.systems.servers import Server, access_to, free_port

ORDINARY = {SystemType.REDIS: 500, SystemType.POSTGRES: 2000, SystemType.DISK: 4}
ENDPOINTS = {SystemType.REDIS: "redis://{}/0", SystemType.POSTGRES: "postgresql://{}/app", SystemType.DISK: "http://{}"}


@pytest.fixture(params=["redis_target", "postgres_target", "disk_target"])
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def servers(redis: Server, postgres: Server, agent: Server) -> dict[SystemType, Server]:
    return {SystemType.REDIS: redis, SystemType.POSTGRES: postgres, SystemType.DISK: agent}


async def test_canary_and_ordinary_data(target: Target) -> None:
    await target.open()
    assert await target.canary() > timedelta(0)
    await target.seed()
    assert await target.count_ordinary() == ORDINARY[target.type]
    assert await target.identity() == await target.identity()


@pytest.mark.parametrize("type", list(SystemType))
async def test_nobody_listens(type: SystemType) -> None:
    target = open_target(type, access_to(ENDPOINTS[type].format(f"127.0.0.1:{free_port()}")))
    for call in (target.open, target.canary, target.identity, target.count_ordinary, target.seed):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ does not answer"):
            await call()
    await target.close()


@pytest.mark.parametrize("type", list(SystemType))
async def test_bad_credentials_name_the_key_to_check(type: SystemType, servers: dict[SystemType, Server]) -> None:
    access = access_to(ENDPOINTS[type].format(f"127.0.0.1:{servers[type].port}"))
    wrong = open_target(type, dataclasses.replace(access, password="nonsense"))
    with pytest.raises(AccessDenied, match=r"check the Secret's (username and )?password$") as denied:
        await wrong.open()
    assert "nonsense" not in str(denied.value)
    await wrong.close()
    wrong = open_target(type, dataclasses.replace(access, app_password="nonsense"))
    with pytest.raises(AccessDenied, match=r"check the Secret's (appUsername and )?appPassword$"):
        await wrong.canary()
    await wrong.close()


@pytest.mark.parametrize("type", list(SystemType))
async def test_missing_credentials_are_denied_too(type: SystemType, servers: dict[SystemType, Server]) -> None:
    access = access_to(ENDPOINTS[type].format(f"127.0.0.1:{servers[type].port}"))
    empty = open_target(type, dataclasses.replace(access, password="", app_password=""))
    for call in (empty.open, empty.canary):
        with pytest.raises(AccessDenied, match="check the Secret's"):
            await call()
    await empty.close()


@pytest.mark.parametrize(
    ("type", "endpoint"),
    [
        (SystemType.REDIS, "redis://127.0.0.1:1/abc"),
        (SystemType.REDIS, "redis://127.0.0.1:99999/0"),
        (SystemType.REDIS, "redis://"),
        (SystemType.POSTGRES, "postgresql://127.0.0.1:port/app"),
        (SystemType.POSTGRES, "postgresql://"),
        (SystemType.DISK, "http://127.0.0.1:port"),
        (SystemType.DISK, "http://[::1"),
    ],
)
async def test_a_bad_endpoint_is_refused_with_its_text(type: SystemType, endpoint: str) -> None:
    target = open_target(type, access_to(endpoint))
    for call in (target.open, target.canary, target.count_ordinary):
        with pytest.raises(Refused, match="endpoint"):
            await call()
    await target.close()


async def test_open_finds_a_connection_that_was_lost(
    postgres_target: PostgresTarget, redis_target: RedisTarget
) -> None:
    killer = redis_target.new_link("killer")
    await killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await killer.close()
    session = await postgres_target.new_session("killer")
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
    await postgres_target.run_on(session, query, ("incidentsim-operator",))
    await session.close()
    await redis_target.open()
    await postgres_target.open()


def test_secrets_stay_out_of_representations() -> None:
    assert "secret" not in repr(access_to("redis://127.0.0.1:1/0"))


@pytest.mark.parametrize("type", list(SystemType))
async def test_a_hanging_server_is_unreachable_in_time(type: SystemType, servers: dict[SystemType, Server]) -> None:
    server = servers[type]
    assert server.process is not None
    access = access_to(ENDPOINTS[type].format(f"127.0.0.1:{server.port}"))
    target = open_target(type, access)
    await target.open()
    target.access = dataclasses.replace(access, timeout=timedelta(milliseconds=400))
    pids = [server.process.pid, *_children(server.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for call in (target.identity, target.canary):
            started = time.monotonic()
            with pytest.raises(Unreachable):
                await call()
            assert time.monotonic() - started < 10  # and not for ever
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    target.access = access
    await _eventually(target.canary, "the canary")
    await _eventually(target.identity, "the control connection")
    await target.close()


async def test_a_lost_control_connection_is_made_again(
    redis_target: RedisTarget, postgres_target: PostgresTarget
) -> None:
    killer = redis_target.new_link("killer")
    await killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await killer.close()
    await _eventually(redis_target.identity, "Redis again")
    session = await postgres_target.new_session("killer")
    await postgres_target.run_on(
        session,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'incidentsim-operator' AND pid <> pg_backend_pid()",
    )
    await session.close()
    await _eventually(postgres_target.identity, "Postgres again")


async def test_cancelled_calls_leave_a_connection_that_answers_rightly(
    redis_target: RedisTarget, postgres_target: PostgresTarget
) -> None:
    for step in range(6):
        for call in (
            redis_target.call_many([("SET", "user:0", "x" * 100_000)] * 20),
            postgres_target.execute("SELECT pg_sleep(0.01)"),
        ):
            task = asyncio.ensure_future(call)
            for _ in range(step):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
        assert await redis_target.count_ordinary() == 500
        assert await postgres_target.fetch_value("SELECT 41 + 1") == 42


async def test_restart_needs_a_control_endpoint(disk_target: DiskTarget) -> None:
    with pytest.raises(Refused, match="controlRef"):
        await disk_target.control().restart()


@pytest.mark.parametrize("prefix", ["a*c:", "a?c:", "a[bc]:", "a\\c:", "[^x]:", "é*:"])
async def test_a_glob_in_a_prefix_is_only_text(redis_target: RedisTarget, prefix: str) -> None:
    await redis_target.call_many([("SET", f"{prefix}1", "x", "PX", 60000), ("SET", "abc:1", "x", "PX", 60000)])
    found = [key async for page in redis_target.scan(escape_glob(prefix) + "*") for key in page]
    assert {key.decode() for key in found} == {f"{prefix}1"}
    await redis_target.call("UNLINK", f"{prefix}1", "abc:1")


async def _eventually(call: Callable[[], Awaitable[object]], what: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            await call()
            return
        except Unreachable:
            assert time.monotonic() < end, f"{what} did not come back"
            await asyncio.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
