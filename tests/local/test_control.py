"""The control endpoint of the running stack, as the operator uses it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import redis.asyncio as redis_client

from incident_crds.mocksystem import ExternalSystem, MockSystem
from tests.conftest import NAMESPACE, Stack, SystemAccess
from tests.waiting import eventually


@pytest.fixture
def redis(stack: Stack) -> SystemAccess:
    return stack.system("redis-test")


@pytest_asyncio.fixture
async def session(redis: SystemAccess) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {redis.control_token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=30)) as made:
        yield made


async def call(
    session: aiohttp.ClientSession, method: str, url: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    async with session.request(method, url, json=body) as response:
        return response.status, await response.json()


async def test_restart_is_another_process(session: aiohttp.ClientSession, redis: SystemAccess) -> None:
    _, before = await call(session, "GET", redis.control_url)
    status, after = await call(session, "POST", f"{redis.control_url}/restart")
    assert status == 200
    assert before["running"]
    assert after["running"]
    assert after["pid"] != before["pid"]
    assert after["startedAt"] > before["startedAt"]


async def test_stopped_system_starts_again_by_itself(session: aiohttp.ClientSession, redis: SystemAccess) -> None:
    status, state = await call(session, "POST", f"{redis.control_url}/stop", {"seconds": 0.5})
    assert status == 200
    assert (state["running"], state["pid"]) == (False, None)
    async with asyncio.timeout(10):
        while not (await call(session, "GET", redis.control_url))[1]["running"]:  # noqa: ASYNC110 - of another process, which has no event here
            await asyncio.sleep(0.02)


async def test_restart_ends_a_stop_early(session: aiohttp.ClientSession, redis: SystemAccess) -> None:
    await call(session, "POST", f"{redis.control_url}/stop", {"seconds": 600})
    _, state = await call(session, "POST", f"{redis.control_url}/restart")
    assert state["running"]


async def test_a_stop_tells_whose_it_is_and_start_ends_it(session: aiohttp.ClientSession, redis: SystemAccess) -> None:
    _, state = await call(session, "POST", f"{redis.control_url}/stop", {"seconds": 600, "tag": "maintenance-1"})
    assert (state["running"], state["stopTag"]) == (False, "maintenance-1")
    assert state["stoppedUntil"] is not None
    _, state = await call(session, "POST", f"{redis.control_url}/start")
    assert (state["running"], state["stopTag"], state["stoppedUntil"]) == (True, "", None)
    pid = state["pid"]
    _, state = await call(session, "POST", f"{redis.control_url}/start")
    assert state["pid"] == pid, "what runs is left alone"


@pytest.mark.parametrize(
    "body", [{}, {"seconds": 0}, {"seconds": 86401}, {"seconds": "x"}, {"seconds": 1, "more": 1}, []]
)
async def test_bad_stop_is_refused(session: aiohttp.ClientSession, redis: SystemAccess, body: object) -> None:
    status, answer = await call(session, "POST", f"{redis.control_url}/stop", body)
    assert status == 400
    assert "seconds" in answer["message"]
    assert (await call(session, "GET", redis.control_url))[1]["running"]


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic x"])
async def test_needs_the_token(redis: SystemAccess, token: str) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": token}) as session:
        status, answer = await call(session, "POST", f"{redis.control_url}/restart")
    assert status == 401
    assert redis.control_token not in str(answer)


@pytest.mark.parametrize("name", ["control-plane", "operator", "nobody"])
async def test_only_target_systems_can_be_stopped(session: aiohttp.ClientSession, stack: Stack, name: str) -> None:
    status, answer = await call(session, "POST", f"{stack.info['control_url']}/{name}/stop", {"seconds": 1})
    assert status == 404
    assert "disk-monitor, postgres-test, redis-test" in answer["message"]


async def test_a_delay_is_the_clients_alone_and_survives_its_proxy(
    session: aiohttp.ClientSession, stack: Stack, redis: SystemAccess
) -> None:
    system = await _redis_of(stack)
    assert system.proxy_ref is not None
    url, clients = system.proxy_ref.url, system.proxy_ref.client_endpoint
    try:
        status, _ = await call(session, "PUT", f"{url}/latency", {"milliseconds": 300, "seconds": 60, "tag": "route-1"})
        assert status == 200
        assert await _ping_seconds(clients, redis) > 0.3 > await _ping_seconds(system.endpoint, redis)
        pid = _writer_of(stack, "redis-test-proxy.log")
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> dict[str, Any] | None:
            try:
                return (await call(session, "GET", url))[1]
            except aiohttp.ClientConnectionError:
                return None

        assert (await eventually(is_back, "the proxy is started again"))["latencyTag"] == "route-1"
        assert await _ping_seconds(clients, redis) > 0.3
    finally:
        await call(session, "DELETE", f"{url}/latency")
    assert await _ping_seconds(clients, redis) < 0.3


async def _redis_of(stack: Stack) -> ExternalSystem:
    async with stack.client("viewer") as viewer:
        system = (await viewer.get(MockSystem, NAMESPACE, "redis-test")).spec.external
    assert system is not None
    return system


async def _ping_seconds(endpoint: str, access: SystemAccess) -> float:
    """One question and answer over a connection that was there before."""
    client = redis_client.Redis.from_url(endpoint, username=access.username, password=access.password)
    async with client:
        await client.ping()
        began = time.monotonic()
        await client.ping()
        return time.monotonic() - began


def _writer_of(stack: Stack, log: str) -> int:
    """The process that writes this log."""
    wanted = (stack.logs / log).resolve()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "fd" / "1").readlink() == wanted:
                return int(folder.name)
        except OSError:  # it is another user's, or it has just ended
            continue
    raise AssertionError(f"nobody writes {wanted}")
