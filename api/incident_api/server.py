"""uvicorn as this API needs it: streams end before it waits for them, and nobody holds a connection for nothing."""

from __future__ import annotations

import asyncio
import socket
from asyncio import TimerHandle
from contextlib import suppress

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from incident_api.streaming.hub import Hub
from incident_api.streaming.protocol import FrameProtocol

GRACE_SECONDS = 2
FAREWELL_SECONDS = 1.0
STALLED_MILLISECONDS = 30_000
BACKLOG = 4096


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket. The kernel ends connections whose peer takes nothing for half a minute. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MILLISECONDS)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class BoardServer(uvicorn.Server):
    """Ends the streams before it waits for the connections: they would not end by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for open_socket in sockets or []:
            open_socket.close()  # nobody new
        self._hub.close()
        await self._hub.wait_empty(GRACE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                while any(isinstance(connection, FrameProtocol) for connection in self.server_state.connections):  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.02)  # clients answer a goodbye; cut off before, they would not know why
        await super().shutdown(sockets)


class PatientHttpProtocol(HttpToolsProtocol):
    """Waits only so long for the head of a request: uvicorn's own limit begins after the first."""

    head_seconds = 15.0
    _head_timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    @override
    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
