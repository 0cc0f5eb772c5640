"""What a scenario needs of a system under test."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from benchmarks import httpget
from benchmarks.meter import is_alive
from benchmarks.swarm.board import Stream
from benchmarks.swarm.histogram import Histogram
from incident_local.ports import LOOPBACK
from incident_local.processes import Child, Command, describe_exit, tail

READY_SECONDS = 120.0
_POLL_SECONDS = 0.01
_ANSWER_SECONDS = 5.0


class TargetFailed(Exception):
    """The system under test, or what it needs, did not start or refused a write."""


@dataclass(frozen=True, slots=True)
class Server:
    """A started server process, ready."""

    child: Child
    port: int
    health_path: str
    ready_seconds: float
    """From the start of the process to the first 200."""

    @property
    def pid(self) -> int:
        return self.child.pid

    async def is_well(self) -> bool:
        """Whether it runs and answers."""
        return is_alive(self.pid) and await _is_ready(self.port, self.health_path)


@dataclass(frozen=True, slots=True)
class ListFeatures:
    """What the list of incidents can do besides being whole. Paths of what is not offered are empty."""

    path: str
    page_path: str
    has_etag: bool
    has_snapshot: bool


class Target(ABC):
    """A system with its store. Use as an async context manager: inside, the store runs and servers can be started."""

    name: ClassVar[str]
    """Names it in results.json."""
    title: ClassVar[str]
    """Heads its column."""
    store_title: ClassVar[str]
    """What keeps its data, and is no part of the server's figures."""
    changes_pass_server: ClassVar[bool]
    """Changes are requests to the server; else they go to the store, and the server learns of them."""

    @property
    @abstractmethod
    def store_pids(self) -> Sequence[int]:
        """The processes that keep the data."""

    @property
    @abstractmethod
    def headers(self) -> dict[str, str]:
        """Sent with every request to the server."""

    @property
    @abstractmethod
    def lists(self) -> ListFeatures:
        """The list of incidents."""

    @abstractmethod
    async def __aenter__(self) -> Target: ...

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    @abstractmethod
    async def prepare(self, count: int) -> None:
        """Let exactly `count` realistic incidents exist, none of them resolved. No server needs to run."""

    @abstractmethod
    def command(self, port: int) -> tuple[Command, str]:
        """How a server is started on the port, and the path that gives 200 once it is ready."""

    @abstractmethod
    def stream(self, port: int) -> Stream:
        """Where boards connect."""

    @abstractmethod
    async def change(self, index: int, mark: str, port: int) -> None:
        """One write that puts the mark into incident number `index`. Raises TargetFailed."""

    @abstractmethod
    async def create(self, number: int, port: int) -> None:
        """One incident over the server's REST interface. Raises TargetFailed."""

    @asynccontextmanager
    async def watched_store(self) -> AsyncIterator[Histogram | None]:
        """Times from a mark to the store's own notice of it while in the context; None where it gives none."""
        yield None

    @asynccontextmanager
    async def server(self, port: int) -> AsyncIterator[Server]:
        """A fresh server process for the time of the context; killed where it does not end when asked."""
        command, path = self.command(port)
        began = time.monotonic()
        child = await Child.start(command)
        waiting = asyncio.create_task(child.wait())
        try:
            while not await _is_ready(port, path):
                if child.ended is not None:
                    raise TargetFailed(f"{command.name} {describe_exit(child.ended)}\n{tail(command.log)}")
                if time.monotonic() - began > READY_SECONDS:
                    raise TargetFailed(f"{command.name} is not ready\n{tail(command.log)}")
                await asyncio.sleep(_POLL_SECONDS)
            yield Server(child, port, path, time.monotonic() - began)
        finally:
            await child.stop()
            await waiting


async def _is_ready(port: int, path: str) -> bool:
    try:
        answer = await httpget.get(LOOPBACK, port, path, {}, seconds=_ANSWER_SECONDS)
    except (OSError, TimeoutError):
        return False
    return answer.status == 200
