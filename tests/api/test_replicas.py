"""The API as processes: several at once, and ends of each kind."""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp

from tests.conftest import ApiProcess, Stack


async def sign_in(api: ApiProcess, token: str) -> str:
    """The cookie."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(f"{api.url}/api/v1/session", json={"token": token}) as response,
    ):
        assert response.status == 201, await response.text()
        return response.headers["Set-Cookie"].partition(";")[0]


async def user_of(api: ApiProcess, cookie: str) -> str:
    async with (
        aiohttp.ClientSession(headers={"Cookie": cookie}) as browser,
        browser.get(f"{api.url}/api/v1/session") as response,
    ):
        assert response.status == 200, await response.text()
        user: str = (await response.json())["user"]
        return user


async def test_a_session_holds_on_every_replica_and_over_every_end(
    stack: Stack, running: ApiProcess, start_api: Callable[..., ApiProcess]
) -> None:
    other = start_api()
    cookie = await sign_in(other, (stack.state / "secrets" / "viewer.token").read_text())
    assert await user_of(running, cookie) == "viewer"
    other.kill()
    other.start()
    assert await user_of(other, cookie) == "viewer"
    began = time.monotonic()
    other.stop()
    assert time.monotonic() - began < 5
    assert await user_of(running, cookie) == "viewer"
