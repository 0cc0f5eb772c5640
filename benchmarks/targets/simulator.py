"""This project: the API process, which watches a real Kubernetes API server."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml
from typing_extensions import override

from benchmarks.marks import find_marks
from benchmarks.meter import find_programs
from benchmarks.samples import build_incident, trouble_of
from benchmarks.swarm.board import Stream
from benchmarks.swarm.histogram import Histogram
from benchmarks.targets.base import ListFeatures, Target, TargetFailed
from benchmarks.targets.requests import send_json
from incident_crds.client import MERGE_PATCH, ApiClient, load_config
from incident_crds.errors import ApiError
from incident_crds.incident import Incident
from incident_local.bootstrap import SYSTEM_NAMESPACE
from incident_local.identities import NAMESPACE
from incident_local.ports import LOOPBACK
from incident_local.processes import Command, die_with_parent, tail
from incident_local.settings import child_environment

_START_SECONDS = 900.0  # the first run on a machine builds the control plane
_STOP_SECONDS = 60.0
_LONGEST_WATCH = 3600
_IN_FLIGHT = 32
_PREFIX = "bench-"
_STORE_PROGRAMS = ("controlplane", "kube-apiserver", "etcd")
_USER = "sre"
_GOGC = "400"
"""Lets the control plane collect its garbage less often: a write takes a quarter less CPU, for a gigabyte of memory."""
Item = TypeVar("Item")


class SimulatorTarget(Target):
    """Changes are written to the Kubernetes API as the operator writes; the API process learns of them by its watch."""

    name = "simulator"
    title = "this project"
    changes_pass_server = False
    store_title = "Kubernetes API server with etcd"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="incidentsim-bench-"))
        self._state = self._folder / "state"
        self._up: asyncio.subprocess.Process | None = None
        self._open = AsyncExitStack()
        self._admin: ApiClient | None = None
        self._operator: ApiClient | None = None
        self._session: aiohttp.ClientSession | None = None
        self._store_pids: list[int] = []

    @override
    async def __aenter__(self) -> SimulatorTarget:
        try:
            await self._start_stack()
            kubeconfig = str(self._state / "kubeconfig")
            timeout = timedelta(seconds=60)
            self._admin = await self._open.enter_async_context(
                ApiClient(load_config(kubeconfig, "admin"), timeout=timeout)
            )
            self._operator = await self._open.enter_async_context(
                ApiClient(load_config(kubeconfig, "operator"), timeout=timeout)
            )
            self._session = await self._open.enter_async_context(aiohttp.ClientSession())
            self._write_api_kubeconfig()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    @override
    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
        if self._up is not None and self._up.returncode is None:
            self._up.terminate()
            await asyncio.wait_for(self._up.wait(), _STOP_SECONDS)
        environment = self._environment()
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "incident_local.cli", "down", "--delete-data"],
            env=environment,
            check=False,
            capture_output=True,
            timeout=_STOP_SECONDS,
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    @override
    def store_pids(self) -> Sequence[int]:
        return self._store_pids

    @property
    @override
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self._state / 'secrets' / f'{_USER}.token').read_text()}"}

    @property
    @override
    def lists(self) -> ListFeatures:
        page = "/api/v1/incidents?status=triage&severity=P1&team=Frontend&limit=50&sort=-created_at"
        return ListFeatures("/api/v1/incidents", page, has_etag=True, has_snapshot=True)

    @override
    async def prepare(self, count: int) -> None:
        admin = self._client(self._admin)
        items, token = [], ""
        while True:
            page = await admin.list_raw(Incident, NAMESPACE, token=token)
            items += [item["metadata"]["name"] for item in page.items]
            if not (token := page.token):
                break
        wanted = {_name(number) for number in range(count)}
        present = set(items)
        await _all_of(lambda name: admin.delete(Incident, NAMESPACE, name), sorted(present - wanted))
        missing = [number for number in range(count) if _name(number) not in present]
        await _all_of(self._seed, missing)

    async def _seed(self, number: int) -> None:
        incident = build_incident(_name(number), NAMESPACE, number)
        body = incident.to_json()
        status = body.pop("status")
        body["metadata"] = {"name": _name(number), "namespace": NAMESPACE}
        path = ApiClient.path(Incident, NAMESPACE)
        await self._client(self._admin).request("POST", path, body=body)
        await self._client(self._operator).request(
            "PATCH", f"{path}/{_name(number)}/status", body={"status": status}, content_type=MERGE_PATCH
        )

    @override
    def command(self, port: int) -> tuple[Command, str]:
        environment = self._environment() | {
            "KUBECONFIG": str(self._folder / "api.kubeconfig"),
            "INCIDENTSIM_API_LISTEN": f"{LOOPBACK}:{port}",
            "INCIDENTSIM_NAMESPACE": SYSTEM_NAMESPACE,
        }
        argv = (sys.executable, "-m", "incident_api")
        return Command("the API", argv, self._folder / "api.log", environment, stop_seconds=10.0), "/readyz"

    @override
    def stream(self, port: int) -> Stream:
        return Stream(
            LOOPBACK,
            port,
            "/api/v1/ws",
            self.headers,
            subprotocol="incidentsim.v1",
            resume_parameter="seq",
        )

    @override
    async def change(self, index: int, mark: str, port: int) -> None:
        await self.write_status(index, {"diagnosis": {"summary": f"{trouble_of(index).summary} {mark}"}})

    async def write_status(self, index: int, status: Mapping[str, Any]) -> None:
        """As the operator writes: these fields of incident number `index`. Raises TargetFailed."""
        path = ApiClient.path(Incident, NAMESPACE, _name(index), "status")
        try:
            await self._client(self._operator).request("PATCH", path, body={"status": status}, content_type=MERGE_PATCH)
        except ApiError as error:
            raise TargetFailed(f"a change was refused: {error}") from error

    @override
    @asynccontextmanager
    async def watched_store(self) -> AsyncIterator[Histogram | None]:
        admin, times = self._client(self._admin), Histogram()
        page = await admin.list_raw(Incident, NAMESPACE, limit=1)
        events = admin.watch(
            Incident, NAMESPACE, resource_version=page.resource_version, timeout_seconds=_LONGEST_WATCH
        )
        listening = asyncio.create_task(_time_events(events, times))
        try:
            yield times
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    @override
    async def create(self, number: int, port: int) -> None:
        if self._session is None:
            raise TargetFailed("the target is not open")
        body = {"message": f"{trouble_of(number).title} (created {number})", "source": "benchmark"}
        url = f"http://{LOOPBACK}:{port}/api/v1/incidents"
        await send_json(self._session, "POST", url, body, self.headers)

    async def _start_stack(self) -> None:
        messages = self._folder / "up.log"
        with messages.open("wb") as file:
            self._up = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "incident_local.cli", "up", "--json", "--without-operator"),
                env=self._environment(),
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        if self._up.stdout is None:
            raise RuntimeError("the stack was started without pipes")
        line = await asyncio.wait_for(self._up.stdout.readline(), _START_SECONDS)
        if not line:
            raise TargetFailed(f"the stack did not start\n{tail(messages)}")
        json.loads(line)
        self._store_pids = find_programs(self._up.pid, _STORE_PROGRAMS)

    def _write_api_kubeconfig(self) -> None:
        """One that acts as the API, beside the state folder, so with absolute paths."""
        document = yaml.safe_load((self._state / "kubeconfig").read_text())
        for cluster in document["clusters"]:
            authority = cluster["cluster"]["certificate-authority"]
            cluster["cluster"]["certificate-authority"] = str(self._state / authority)
        document["current-context"] = "api"
        path = self._folder / "api.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document))

    def _environment(self) -> dict[str, str]:
        """Ours, less what points at something of the person's own."""
        inherited = child_environment()
        mine = {name for name in inherited if name.startswith("INCIDENTSIM_")} - {"INCIDENTSIM_CACHE_DIR"}
        kept = {name: value for name, value in inherited.items() if name not in mine}
        return {"GOGC": _GOGC} | kept | {"INCIDENTSIM_STATE_DIR": str(self._state)}

    @staticmethod
    def _client(client: ApiClient | None) -> ApiClient:
        if client is None:
            raise TargetFailed("the target is not open")
        return client


async def _time_events(events: AsyncGenerator[dict[str, Any], None], times: Histogram) -> None:
    async with aclosing(events):
        async for event in events:
            now = time.monotonic_ns()
            if event["type"] == "MODIFIED":
                summary = event["object"]["status"]["diagnosis"]["summary"]
                for _, sent_ns in find_marks(summary.encode()):
                    times.add(now - sent_ns)


def _name(number: int) -> str:
    return f"{_PREFIX}{number:06d}"


async def _all_of(action: Callable[[Item], Awaitable[None]], items: Iterable[Item]) -> None:
    """Each item once, some at the same time."""
    queue = iter(items)

    async def work() -> None:
        for item in queue:
            await action(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(_IN_FLIGHT):
            group.create_task(work())
