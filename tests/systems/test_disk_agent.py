"""The disk agent: tokens, paths, limits, its dead-man and its start."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from incident_operator.disk_agent.expiry import Expiry, ExpiryRecords
from incident_operator.disk_agent.server import build_app
from incident_operator.disk_agent.service import DiskService
from incident_operator.disk_agent.settings import AgentSettings
from incident_operator.disk_agent.volume import Volume
from tests.systems.servers import DISK_CAPACITY

MIB = 1024 * 1024
CAPACITY = 8 * MIB
CONTROL = {"Authorization": "Bearer control"}
ORDINARY = {"Authorization": "Bearer ordinary"}
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest_asyncio.fixture
async def client(root: Path, clock: Clock) -> AsyncIterator[TestClient[Any, Any]]:
    settings = AgentSettings(root, "127.0.0.1", 0, CAPACITY, "control", "ordinary")
    async with TestClient(TestServer(build_app(settings, clock))) as client:
        yield client


@pytest.fixture
def service(root: Path, clock: Clock) -> DiskService:
    return DiskService(Volume(root, CAPACITY), ExpiryRecords(root), clock)


async def fill(client: TestClient[Any, Any], name: str, size: int, lifetime: float = 60) -> tuple[int, dict[str, Any]]:
    body = {"name": name, "bytes": size, "lifetimeSeconds": lifetime}
    answer = await client.post("/fill", json=body, headers=CONTROL)
    return answer.status, await answer.json()


async def usage(client: TestClient[Any, Any]) -> int:
    answer = await client.get("/usage", headers=CONTROL)
    return int((await answer.json())["usedBytes"])


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("GET", "/usage", {}, 401),
        ("GET", "/usage", {"Authorization": "Basic control"}, 401),
        ("GET", "/usage", {"Authorization": "Bearer contro"}, 401),
        ("GET", "/usage", {"Authorization": "Bearer "}, 401),
        ("GET", "/usage", {"Authorization": "Bearer é"}, 401),
        ("GET", "/usage", ORDINARY, 403),
        ("GET", "/files", ORDINARY, 403),
        ("POST", "/fill", ORDINARY, 403),
        ("DELETE", "/files", ORDINARY, 403),
        ("POST", "/seed", ORDINARY, 403),
        ("GET", "/canary", ORDINARY, 403),
        ("POST", "/canary", ORDINARY, 200),
        ("POST", "/canary", CONTROL, 200),
        ("GET", "/usage", CONTROL, 200),
        ("GET", "/nothing", CONTROL, 404),
        ("GET", "/nothing", {}, 401),
        ("PUT", "/usage", CONTROL, 405),
    ],
)
async def test_who_may_do_what(
    client: TestClient[Any, Any], method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, headers=headers)
    assert answer.status == status
    if status >= 400:
        assert set(await answer.json()) == {"error", "message"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fill", b""),
        ("/fill", b"[]"),
        ("/fill", b'{"name": "a.log", "bytes": 0, "lifetimeSeconds": 1}'),
        ("/fill", b'{"name": "a.log", "bytes": 1, "lifetimeSeconds": 0}'),
        ("/fill", b'{"name": "a.log", "bytes": 1, "lifetimeSeconds": 1, "more": 1}'),
        ("/fill", b'{"name": "../a.log", "bytes": 1, "lifetimeSeconds": 1}'),
        ("/fill", b'{"name": "data/a.log", "bytes": 1, "lifetimeSeconds": 1}'),
        ("/fill", b'{"name": ".hidden", "bytes": 1, "lifetimeSeconds": 1}'),
        ("/fill", b'{"name": "a\\u0000b", "bytes": 1, "lifetimeSeconds": 1}'),
    ],
)
async def test_bad_requests_say_what_is_wrong(client: TestClient[Any, Any], root: Path, path: str, body: bytes) -> None:
    answer = await client.post(path, data=body, headers=CONTROL)
    assert answer.status == 400
    assert (await answer.json())["message"]
    assert not names_in(root)


async def test_a_large_body_is_refused(client: TestClient[Any, Any]) -> None:
    answer = await client.post("/fill", data=b"x" * 100_000, headers=CONTROL)
    assert answer.status == 413


async def test_fill_writes_real_blocks_and_stops_at_the_capacity(client: TestClient[Any, Any], root: Path) -> None:
    status, answer = await fill(client, "app-1.log", 6 * MIB)
    assert (status, answer) == (200, {"name": "app-1.log", "bytes": 6 * MIB})
    assert (root / "app-1.log").stat().st_blocks * 512 >= 6 * MIB
    status, answer = await fill(client, "app-2.log", 3 * MIB)
    assert (status, answer["error"]) == (507, "Full")
    assert not (root / "app-2.log").exists()
    assert (await fill(client, "app-1.log", 7 * MIB))[0] == 200, "a fill may grow"
    assert (await fill(client, "app-1.log", 9 * MIB))[0] == 507
    assert await usage(client) < CAPACITY


async def test_fill_never_touches_a_file_of_another(client: TestClient[Any, Any], root: Path) -> None:
    (root / "orders.db").write_bytes(b"precious")
    (root / "link.log").symlink_to(root.parent / "outside")
    assert (await fill(client, "orders.db", MIB))[0] == 409
    status, answer = await fill(client, "link.log", MIB)
    assert (status, answer["error"]) == (409, "NameTaken")
    assert (root / "orders.db").read_bytes() == b"precious"
    assert not (root.parent / "outside").exists()


async def test_the_log_writer_fails_when_full_and_works_again(client: TestClient[Any, Any], root: Path) -> None:
    assert (await client.post("/canary", headers=ORDINARY)).status == 200
    free = CAPACITY - await usage(client)
    assert (await fill(client, "app-1.log", free))[0] == 200
    answer = await client.post("/canary", headers=ORDINARY)
    assert (answer.status, (await answer.json())["error"]) == (507, "Full")
    await client.delete("/files", json={"files": ["app-1.log"]}, headers=CONTROL)
    assert (await client.post("/canary", headers=ORDINARY)).status == 200
    assert len((root / "app.log").read_bytes().splitlines()) == 2


async def test_the_log_is_rotated_and_bounded(client: TestClient[Any, Any], root: Path) -> None:
    for content in (b"old\n", b"new\n"):
        (root / "app.log").write_bytes(content * 70_000)
        assert (await client.post("/canary", headers=ORDINARY)).status == 200
    assert names_in(root) == ["app.log", "app.log.1"]
    assert (root / "app.log.1").read_bytes().startswith(b"new")
    assert (root / "app.log").stat().st_size < 200


async def test_files_are_listed_largest_first_without_hidden_ones(client: TestClient[Any, Any], root: Path) -> None:
    await client.post("/seed", headers=CONTROL)
    (root / ".secret").write_bytes(b"x" * MIB)
    (root / os.fsdecode(b"caf\xe9.log")).write_bytes(b"x" * 2 * MIB)
    await fill(client, "app-1.log", 3 * MIB)
    answer = await client.get("/files", params={"limit": "3"}, headers=CONTROL)
    files = (await answer.json())["files"]
    assert [f["path"] for f in files] == ["app-1.log", "caf\N{REPLACEMENT CHARACTER}.log", "data/orders.db"]
    answer = await client.get("/files", params={"limit": "0"}, headers=CONTROL)
    assert answer.status == 400


async def test_deletion_is_all_or_nothing_for_bad_paths(client: TestClient[Any, Any], root: Path) -> None:
    (root / "a.log").write_bytes(b"x")
    (root / "sub").mkdir()
    for bad in ("..", "../x", "/etc/hostname", "", "sub", ".incidentsim/a.log.json", "a//b", "./a.log", "x" * 300):
        answer = await client.delete("/files", json={"files": ["a.log", bad]}, headers=CONTROL)
        assert (answer.status, (await answer.json())["error"]) == (400, "UnsafePath"), bad
    assert (root / "a.log").exists()
    answer = await client.delete("/files", json={"files": ["a.log", "b.log"]}, headers=CONTROL)
    done = await answer.json()
    assert (done["deleted"], done["missing"]) == (["a.log"], ["b.log"])


async def test_a_fill_goes_when_its_time_is_over(service: DiskService, clock: Clock, root: Path) -> None:
    await service.fill("app-1.log", MIB, timedelta(seconds=60))
    await service.fill("app-2.log", MIB, timedelta(seconds=90))
    clock.now += timedelta(seconds=59)
    assert await service.expire() == timedelta(seconds=1)
    assert (root / "app-1.log").exists()
    clock.now += timedelta(seconds=1)
    assert await service.expire() == timedelta(seconds=30)
    assert not (root / "app-1.log").exists()
    assert (root / "app-2.log").exists()
    clock.now += timedelta(days=1)
    await service.expire()
    assert names_in(root) == [".incidentsim"]
    assert not names_in(root / ".incidentsim"), "no record stays"


async def test_a_new_agent_honours_the_records_of_the_last(service: DiskService, clock: Clock, root: Path) -> None:
    await service.fill("app-1.log", MIB, timedelta(seconds=60))
    later = DiskService(Volume(root, CAPACITY), ExpiryRecords(root), lambda: START + timedelta(seconds=61))
    await later.expire()
    assert not (root / "app-1.log").exists()


async def test_the_record_is_there_before_the_first_byte(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume, records = Volume(root, CAPACITY), ExpiryRecords(root)
    recorded: list[bool] = []
    grow = volume.grow

    def watch(name: str, wanted: int) -> int:
        recorded.append(records.has(name))
        return grow(name, wanted)

    monkeypatch.setattr(volume, "grow", watch)
    await DiskService(volume, records, clock).fill("app-1.log", MIB, timedelta(seconds=60))
    assert recorded
    assert all(recorded)


def test_a_record_that_cannot_be_read_has_expired(root: Path) -> None:
    records = ExpiryRecords(root)
    records.write(Expiry("app-1.log", START))
    (root / ".incidentsim" / "app-1.log.json").write_text("{")
    (found,) = records.read_all()
    assert (found.name, found.at.year) == ("app-1.log", 1970)


async def test_one_file_that_cannot_go_does_not_keep_the_others(service: DiskService, clock: Clock, root: Path) -> None:
    await service.fill("app-2.log", MIB, timedelta(seconds=60))
    (root / "app-1.log").mkdir()
    ExpiryRecords(root).write(Expiry("app-1.log", START))
    clock.now += timedelta(seconds=61)
    await service.expire()
    assert not (root / "app-2.log").exists()


async def test_a_file_that_the_system_keeps_is_tried_again_after_a_pause(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume, records = Volume(root, CAPACITY), ExpiryRecords(root)
    service = DiskService(volume, records, clock)
    await service.fill("app-1.log", MIB, timedelta(seconds=60))
    await service.fill("app-2.log", MIB, timedelta(seconds=60))
    delete = volume.delete

    def refuse(path: str) -> int | None:
        if path == "app-1.log":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return delete(path)

    monkeypatch.setattr(volume, "delete", refuse)
    clock.now += timedelta(seconds=61)
    assert await service.expire() == timedelta(seconds=5)
    assert not (root / "app-2.log").exists()
    monkeypatch.undo()
    await service.expire()
    assert not (root / "app-1.log").exists()


async def test_deleting_stops_a_fill_that_is_under_way(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = Volume(root, CAPACITY)
    service = DiskService(volume, ExpiryRecords(root), clock)
    reached, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    grow = volume.grow

    def slow(name: str, wanted: int) -> int:
        length = grow(name, min(wanted, volume.size_of(name) + MIB))
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        return length

    monkeypatch.setattr(volume, "grow", slow)
    filling = asyncio.ensure_future(service.fill("app-1.log", 6 * MIB, timedelta(seconds=60)))
    await reached.wait()
    deleting = asyncio.ensure_future(service.delete(["app-1.log"]))
    while "app-1.log" not in service._condemned:  # noqa: ASYNC110 - a turn of the loop is what it takes
        await asyncio.sleep(0)
    go_on.set()
    assert await filling == MIB
    await deleting
    assert not (root / "app-1.log").exists()


def test_capacity_is_the_smaller_of_spec_and_volume(root: Path) -> None:
    assert Volume(root, CAPACITY).usage().enforced_by == "agent"
    huge = Volume(root, 2**60).usage()
    assert huge.enforced_by == "volume"
    assert DISK_CAPACITY < huge.total < 2**60


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
