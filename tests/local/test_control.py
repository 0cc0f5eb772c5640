"""The control endpoint of the running stack, as the operator uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.conftest import Stack, SystemAccess


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
