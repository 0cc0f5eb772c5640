"""A TCP relay in front of the API, whose connections a test cuts and restores."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from ..processes import free_port


class Relay:
    """Passes bytes on, both ways; `cut` ends every connection and refuses new ones until `restore`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """How many are open towards the API."""
        return len(self._writers) // 2

    async def __aenter__(self) -> Self:
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    async def cut(self) -> None:
        """As when a cable is pulled and the machine notices at once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        if self._passing:
            await asyncio.wait(self._passing)

    async def restore(self) -> None:
        """New connections are passed on again, at the same address."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            api_reader, api_writer = await asyncio.open_connection(*self._target)
        except OSError:  # the API is down: whoever asks finds out as without a relay
            writer.transport.abort()
            return
        pair = {writer, api_writer}
        self._writers |= pair
        tasks = {
            asyncio.create_task(self._pass_on(reader, api_writer)),
            asyncio.create_task(self._pass_on(api_reader, writer)),
        }
        self._passing |= tasks
        await asyncio.wait(tasks)
        self._passing -= tasks
        self._writers -= pair
        for one in pair:
            one.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
