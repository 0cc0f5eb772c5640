"""A proxy in the test's own loop between real sockets, and the proxy and the wrapper as processes."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incident_operator.proxy import load_wrapper
from incident_operator.proxy.forwarding import Forwarder
from incident_operator.proxy.settings import Address
from incident_operator.proxy.upstream import Upstream
from tests.processes import free_port
from tests.systems.servers import Server, redis_server
from tests.waiting import eventually

TOKEN = "proxy-secret"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
START = datetime(2026, 1, 1, tzinfo=UTC)
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def tcp_server(converse: Conversation, port: int = 0) -> AsyncIterator[int]:
    """Its port. A connection is closed when its conversation is over, and all of them with the server."""
    open_ones: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = asyncio.current_task()
        with suppress(ConnectionError):
            await converse(reader, writer)
        writer.close()
        del open_ones[writer]

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        conversations = [task for task in open_ones.values() if task is not None]
        for writer in open_ones:
            writer.transport.abort()
        await asyncio.gather(*conversations)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def forwarding(upstream_port: int) -> AsyncIterator[tuple[Forwarder, int]]:
    """A forwarder to that port, and the port for its clients."""
    forwarder, port = Forwarder(Upstream(Address("127.0.0.1", upstream_port), Clock())), free_port()
    await forwarder.listen(Address("127.0.0.1", port))
    try:
        yield forwarder, port
    finally:
        await forwarder.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class ObedientServer:
    """A server in the test's loop that obeys the file `stopped`, as the wrapper makes a real one do."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.starts = 0
        self.is_deaf = False
        self.is_broken = False
        self._stopped = folder / "stopped"
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ObedientServer:
        self._task = asyncio.create_task(self._obey())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _obey(self) -> None:
        while True:
            async with tcp_server(echo, self.port):
                self.starts += 1
                await eventually(self._must_end, "the stop", seconds=3600)
            await eventually(self._may_start, "the end of the stop", seconds=3600)

    async def _must_end(self) -> bool:
        return self._stopped.exists() and not self.is_deaf

    async def _may_start(self) -> bool:
        return not self._stopped.exists() and not self.is_broken


SHELLS = {"sh": ["sh"], "busybox": ["busybox", "sh"]}


def shell(name: str) -> list[str]:
    """Skips the test where this machine has no such shell."""
    program, *rest = SHELLS[name]
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"there is no {program} on PATH")
    return [path, *rest]


def wrapped(shell_command: list[str], state: Path, program: list[str], number: str = "TERM") -> list[str]:
    return [*shell_command, "-c", load_wrapper(), "run", number, str(state), "--", *program]


def wrapped_redis(shell_command: list[str], folder: Path) -> Server:
    """A Redis that stops while `folder/state/stopped` exists."""
    state = folder / "state"
    state.mkdir(exist_ok=True)
    server = redis_server(folder)
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    return Server("wrapper", wrapped(shell_command, state, server.command), folder, server.port, path)


def proxy_server(folder: Path, upstream_port: int) -> Server:
    """The proxy as a process; its port is the control endpoint's, which listens last."""
    state, port = folder / "state", free_port()
    state.mkdir(exist_ok=True)
    (folder / "proxy-token").write_text(f"{TOKEN}\n")
    environment = {
        "INCIDENTSIM_PROXY_LISTEN": f"127.0.0.1:{free_port()}",
        "INCIDENTSIM_PROXY_UPSTREAM": f"127.0.0.1:{upstream_port}",
        "INCIDENTSIM_PROXY_CONTROL_LISTEN": f"127.0.0.1:{port}",
        "INCIDENTSIM_PROXY_TOKEN_FILE": str(folder / "proxy-token"),
        "INCIDENTSIM_PROXY_STATE_DIRECTORY": str(state),
    }
    return Server("proxy", [sys.executable, "-m", "incident_operator.proxy"], folder, port, environment)


def client_port(proxy: Server) -> int:
    return int(proxy.environment["INCIDENTSIM_PROXY_LISTEN"].rpartition(":")[2])


def ask(proxy: Server, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the control endpoint answers, which has to be 200."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    try:
        connection.request(method, path, json.dumps(body) if body else None, HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        found: dict[str, Any] = json.loads(content)
        return found
    finally:
        connection.close()
