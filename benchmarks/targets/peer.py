"""The peer: the Go backend of an earlier incident simulator, on a Postgres of its own. It has no sign-in."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from typing_extensions import override

from benchmarks.ports import free_port
from benchmarks.samples import trouble_of
from benchmarks.swarm.board import Stream
from benchmarks.targets.base import ListFeatures, Target, TargetFailed
from benchmarks.targets.peerbuild import build_peer, migrations_of
from benchmarks.targets.peerdatabase import DATABASE, USER, PeerDatabase, incident_id
from benchmarks.targets.requests import send_json
from incident_local.ports import LOOPBACK
from incident_local.processes import Command
from incident_local.settings import child_environment

_INCIDENTS = "/api/v1/incidents"


class PeerTarget(Target):
    """Changes go to its team field by PATCH: the cheapest of its writes, one statement, that it tells to boards."""

    name = "peer"
    title = "peer"
    changes_pass_server = True
    store_title = "Postgres"

    def __init__(self, source: Path) -> None:
        self._source = source
        self._folder = Path(tempfile.mkdtemp(prefix="incidentsim-bench-peer-"))
        self._program = self._folder / "peer"
        self._database_port = free_port()
        self._database = PeerDatabase(self._folder, self._database_port)
        self._session: aiohttp.ClientSession | None = None

    @override
    async def __aenter__(self) -> PeerTarget:
        try:
            self._program = await asyncio.to_thread(build_peer, self._source, self._folder)
            await self._database.start(migrations_of(self._folder))
            self._session = aiohttp.ClientSession()
            async with self.server(free_port()):
                pass  # its first start adds the columns that its migrations lack
        except BaseException:
            await self.__aexit__()
            raise
        return self

    @override
    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        await self._database.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    @override
    def store_pids(self) -> Sequence[int]:
        return self._database.pids

    @property
    @override
    def headers(self) -> dict[str, str]:
        return {}

    @property
    @override
    def lists(self) -> ListFeatures:
        return ListFeatures(_INCIDENTS, "", has_etag=False, has_snapshot=False)

    @override
    async def prepare(self, count: int) -> None:
        await self._database.seed(count)

    @override
    def command(self, port: int) -> tuple[Command, str]:
        closed = f"http://{LOOPBACK}:{free_port()}"
        environment = child_environment(
            DB_HOST=LOOPBACK,
            DB_PORT=str(self._database_port),
            DB_USER=USER,
            DB_PASSWORD="unused",  # noqa: S106  # the database trusts its loopback
            DB_NAME=DATABASE,
            AI_DIAGNOSIS_URL=closed,
            HEALTH_MONITOR_URL=closed,
            PORT=str(port),
        )
        log = self._folder / "peer.log"
        command = Command("the peer", (str(self._program),), log, environment, folder=self._folder, stop_seconds=5.0)
        return command, "/api/v1/health"

    @override
    def stream(self, port: int) -> Stream:
        return Stream(LOOPBACK, port, "/api/v1/ws", {}, has_snapshot=False, list_path=_INCIDENTS)

    @override
    async def change(self, index: int, mark: str, port: int) -> None:
        url = f"http://{LOOPBACK}:{port}{_INCIDENTS}/{incident_id(index)}"
        await send_json(self._open_session(), "PATCH", url, {"team": mark}, {})

    @override
    async def create(self, number: int, port: int) -> None:
        body = {"message": f"{trouble_of(number).title} (created {number})", "source": "benchmark"}
        await send_json(self._open_session(), "POST", f"http://{LOOPBACK}:{port}{_INCIDENTS}", body, {})

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise TargetFailed("the target is not open")
        return self._session
