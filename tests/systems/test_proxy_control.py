"""The control endpoint: token, bodies, stop, start, restart, latency, and the end of each by itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from incident_operator.proxy.forwarding import Forwarder
from incident_operator.proxy.server import build_app
from incident_operator.proxy.service import ProxyService
from incident_operator.proxy.settings import Address
from incident_operator.proxy.state import StateFolder
from incident_operator.proxy.upstream import Upstream
from tests.systems.proxying import HEADERS, START, TOKEN, Clock, ObedientServer
from tests.waiting import eventually


class Rig:
    """A service with all around it; the dead-man's loop is the test's to turn."""

    def __init__(self, folder: Path, server: ObedientServer) -> None:
        self.folder = folder
        self.server = server
        self.clock = Clock()
        upstream = Upstream(Address("127.0.0.1", server.port), self.clock)
        self.forwarder = Forwarder(upstream)
        state = StateFolder(folder)
        self.service = ProxyService(state, upstream, self.forwarder, self.clock, patience=timedelta(seconds=0.5))
        self._client: TestClient[Any, Any] | None = None

    @property
    def client(self) -> TestClient[Any, Any]:
        assert self._client is not None
        return self._client

    async def __aenter__(self) -> Rig:
        self._client = TestClient(TestServer(build_app(self.service, TOKEN)))
        await self._client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    @property
    def stopped(self) -> Path:
        return self.folder / "stopped"

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.client.request(method, path, headers=HEADERS, **content) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    folder = tmp_path / "state"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ObedientServer(folder))
        rig = await stack.enter_async_context(Rig(folder, server))

        async def is_up() -> bool:
            return server.starts == 1

        await eventually(is_up, "the server's start")
        yield rig


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Basic proxy-secret", "Bearer", "Bearer pröxy"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/stop"), ("DELETE", "/latency"), ("GET", "/no")])
async def test_all_but_health_needs_the_token(rig: Rig, given: str | None, method: str, path: str) -> None:
    headers = {"Authorization": given} if given else {}
    async with rig.client.request(method, path, headers=headers, json={"seconds": 9, "tag": "t"}) as answer:
        assert answer.status == 401
        content = await answer.json()
    assert content["error"] == "Unauthorized"
    assert TOKEN not in str(content)
    assert not rig.stopped.exists()


async def test_health_is_open_and_unknown_paths_answer_in_json(rig: Rig) -> None:
    async with rig.client.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    assert (await rig.ask("GET", "/no"))[1]["error"] == "NotFound"
    assert (await rig.ask("GET", "/stop"))[1]["error"] == "MethodNotAllowed"


BAD_STOPS: list[object] = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 9999,
    b"x" * 20000,
    b'{"seconds": NaN}',
    b'{"seconds": Infinity}',
    b'{"seconds": 5, "tag": "\\ud800"}',
    [],
    {},
    {"seconds": 0},
    {"seconds": -1},
    {"seconds": 86401},
    {"seconds": "5"},
    {"seconds": True},
    {"seconds": 5, "tag": "a\nb"},
    {"seconds": 5, "tag": "x" * 201},
    {"seconds": 5, "tag": None},
    {"seconds": 5, "more": 1},
]
BAD_LATENCIES: list[object] = [
    {"seconds": 5},
    {"milliseconds": 0, "seconds": 5},
    {"milliseconds": 60001, "seconds": 5},
    {"milliseconds": 1.5, "seconds": 5},
    {"milliseconds": 100, "seconds": 0},
    {"milliseconds": 100, "seconds": 5, "tag": "\x00"},
]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/stop", body) for body in BAD_STOPS] + [("PUT", "/latency", body) for body in BAD_LATENCIES],
)
async def test_a_bad_body_is_refused_and_changes_nothing(rig: Rig, method: str, path: str, body: object) -> None:
    status, content = await rig.ask(method, path, body)
    assert status in {400, 413}
    assert content["error"] in {"BadRequest", "RequestEntityTooLarge"}
    assert content["message"]
    assert list(rig.folder.iterdir()) == []


async def test_stop_returns_when_the_server_is_down_and_start_when_it_is_up(rig: Rig) -> None:
    status, content = await rig.ask("POST", "/stop", {"seconds": 60, "tag": "uid/1"})
    assert status == 200
    assert content == {
        "running": False,
        "startedAt": None,
        "stoppedUntil": "2026-01-01T00:01:00+00:00",
        "stopTag": "uid/1",
        "latencyMilliseconds": 0,
        "latencyUntil": None,
        "latencyTag": "",
    }
    assert rig.stopped.read_text() == "2026-01-01T00:01:00+00:00\nuid/1\n"
    rig.clock.now += timedelta(seconds=10)
    status, content = await rig.ask("POST", "/start")
    assert (status, content["running"], content["stoppedUntil"], content["stopTag"]) == (200, True, None, "")
    assert content["startedAt"] == "2026-01-01T00:00:10+00:00"
    assert rig.server.starts == 2
    assert (await rig.ask("POST", "/start"))[0] == 200
    assert rig.server.starts == 2  # one that runs is left alone


async def test_another_stop_takes_the_place_of_the_first(rig: Rig) -> None:
    await rig.ask("POST", "/stop", {"seconds": 60, "tag": "first"})
    _, content = await rig.ask("POST", "/stop", {"seconds": 5, "tag": "sécond"})
    assert (content["stopTag"], content["stoppedUntil"]) == ("sécond", "2026-01-01T00:00:05+00:00")


async def test_restart_replaces_the_process_and_ends_a_stop(rig: Rig) -> None:
    assert (await rig.ask("POST", "/restart"))[1]["running"] is True
    assert rig.server.starts == 2
    await rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"})
    _, content = await rig.ask("POST", "/restart")
    assert (content["running"], content["stoppedUntil"]) == (True, None)
    assert rig.server.starts == 3


async def test_requests_at_once_come_one_after_the_other(rig: Rig) -> None:
    answers = await asyncio.gather(*(rig.ask("POST", "/restart") for _ in range(2)))
    assert [status for status, _ in answers] == [200, 200]
    assert rig.server.starts == 3
    assert not rig.stopped.exists()


async def test_a_server_that_does_not_stop_is_told_and_its_dead_man_stays(rig: Rig) -> None:
    rig.server.is_deaf = True
    status, content = await rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"})
    assert (status, content["error"]) == (503, "Unfinished")
    assert "still takes connections after 0.5 s" in content["message"]
    assert (await rig.ask("GET", "/"))[1]["stopTag"] == "t"
    assert (await rig.ask("POST", "/restart"))[0] == 503
    assert not rig.stopped.exists()  # a restart that fails leaves nothing stopped


async def test_start_ends_a_stop_that_still_waits(rig: Rig) -> None:
    rig.server.is_deaf = True
    stopping = asyncio.create_task(rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"}))

    async def is_written() -> bool:
        return rig.stopped.exists()

    await eventually(is_written, "the record of the stop")
    assert (await rig.ask("POST", "/start"))[0] == 200
    status, content = await stopping
    assert (status, content["error"]) == (503, "StopEnded")


async def test_a_server_that_does_not_come_back_is_told(rig: Rig) -> None:
    await rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"})
    rig.server.is_broken = True
    status, content = await rig.ask("POST", "/start")
    assert (status, content["error"]) == (503, "Unfinished")
    assert "takes no connections after 0.5 s" in content["message"]


async def test_a_stop_ends_by_itself(rig: Rig) -> None:
    await rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"})
    rig.clock.now = START + timedelta(seconds=59)
    assert await rig.service.expire() == timedelta(seconds=1)
    assert rig.stopped.exists()
    rig.clock.now = START + timedelta(seconds=60)
    await rig.service.expire()
    assert not rig.stopped.exists()

    async def is_up() -> bool:
        return rig.server.starts == 2

    await eventually(is_up, "the server's start")


@pytest.mark.parametrize("content", ["", "soon\ntag\n", "2030-01-01T00:00:00\nwithout a zone\n", "\x00"])
async def test_a_stop_that_cannot_be_read_ends(rig: Rig, content: str) -> None:
    rig.stopped.write_text(content)
    await rig.service.expire()
    assert not rig.stopped.exists()


async def test_latency_is_set_replaced_removed_and_ends_by_itself(rig: Rig) -> None:
    body = {"milliseconds": 250, "seconds": 60, "tag": "uid/2"}
    _, content = await rig.ask("PUT", "/latency", body)
    assert (content["latencyMilliseconds"], content["latencyUntil"]) == (250, "2026-01-01T00:01:00+00:00")
    assert (content["latencyTag"], rig.forwarder.delay_seconds) == ("uid/2", 0.25)
    _, content = await rig.ask("PUT", "/latency", body | {"milliseconds": 100, "tag": "other"})
    assert (content["latencyTag"], rig.forwarder.delay_seconds) == ("other", 0.1)
    _, content = await rig.ask("DELETE", "/latency")
    assert (content["latencyMilliseconds"], content["latencyUntil"], content["latencyTag"]) == (0, None, "")
    assert rig.forwarder.delay_seconds == 0
    await rig.ask("PUT", "/latency", body)
    rig.clock.now = START + timedelta(seconds=60)
    await rig.service.expire()
    assert rig.forwarder.delay_seconds == 0
    assert (await rig.ask("GET", "/"))[1]["latencyMilliseconds"] == 0


@pytest.mark.parametrize(("seconds", "expected"), [(59, 0.25), (60, 0.0)])
async def test_latency_outlives_the_proxy_but_not_its_time(rig: Rig, seconds: int, expected: float) -> None:
    await rig.ask("PUT", "/latency", {"milliseconds": 250, "seconds": 60, "tag": "t"})
    later = Rig(rig.folder, rig.server)
    later.clock.now = START + timedelta(seconds=seconds)
    later.service.resume()
    assert later.forwarder.delay_seconds == expected


async def test_without_a_record_nothing_is_done(rig: Rig) -> None:
    shutil.rmtree(rig.folder)
    status, content = await rig.ask("POST", "/stop", {"seconds": 60, "tag": "t"})
    assert (status, content["error"]) == (500, "StateBroken")
    assert (await rig.ask("GET", "/"))[1]["running"] is True
    assert (await rig.ask("PUT", "/latency", {"milliseconds": 9, "seconds": 60, "tag": "t"}))[0] == 500
    assert rig.forwarder.delay_seconds == 0
