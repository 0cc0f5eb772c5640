"""The way from clients to the server and back, as fast as it goes or with each answer held back for a while."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from contextlib import suppress
from enum import Enum, auto
from typing import cast

from typing_extensions import override

from incident_operator.proxy.settings import Address
from incident_operator.proxy.upstream import Upstream

_MOST_HELD_BYTES = 256 * 1024
_LONGEST_CONNECT_SECONDS = 5.0
_BACKLOG = 512
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _End(Enum):
    """How the server ended its side: in good order, or by a reset."""

    EOF = auto()
    RESET = auto()


class Forwarder:
    """Takes clients' connections and makes one to the server for each. All in the loop's thread."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.delay_seconds = 0.0
        self.links: set[_ClientSide] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, address: Address) -> None:
        """Raises OSError where the address is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _ClientSide(self), address.host, address.port, backlog=_BACKLOG)

    def set_delay(self, seconds: float) -> None:
        """Hold back all that the server sends by so much, on the connections that exist, too.

        What waits already is measured anew from its arrival: with 0 it goes out at once.
        """
        self.delay_seconds = seconds
        for link in tuple(self.links):
            link.server_side.release()

    async def close(self) -> None:
        """Take no more clients and reset those that are there."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self.links):
            link.reset()


class _Side(asyncio.Protocol):
    """One of the two connections of a link. `is_done` once its end of file has been passed on."""

    transport: asyncio.Transport | None = None
    is_done = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        # a peer that vanished without a word must not keep its link for ever
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def reset(self) -> None:
        """Close so that the peer sees a failure and not the end of the data."""
        if self.transport is None:
            return
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def close(self) -> None:
        """Close once all that was written is gone."""
        if self.transport is not None:
            self.transport.close()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def write_eof(self) -> None:
        if self.transport is not None:
            with suppress(OSError):  # the peer has reset it, which the loop learns in a moment
                self.transport.write_eof()

    def pause_reading(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()


class _ClientSide(_Side):
    """What comes from the client goes to the server without delay."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder
        self.server_side = _ServerSide(self, forwarder)
        self._connecting: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._has_ended_early = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._forwarder.links.add(self)
        self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        upstream = self._forwarder.upstream
        address, loop = upstream.address, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_LONGEST_CONNECT_SECONDS):
                await loop.create_connection(lambda: self.server_side, address.host, address.port)
        except OSError as error:
            if isinstance(error, ConnectionRefusedError):
                upstream.note(False)
            self.reset()  # at once: the client is to see the system as down, not as slow
            return
        upstream.note(True)
        for data in self._early:
            self.server_side.write(data)
        self._early.clear()
        if self._has_ended_early:
            self._pass_end_on()
        else:
            self.resume_reading()

    @override
    def data_received(self, data: bytes) -> None:
        if self.server_side.transport is not None:
            self.server_side.write(data)
            return
        # Before the server is there. It cannot be told to wait any earlier: a pause in connection_made is
        # undone by asyncio itself in early releases of Python 3.11.
        self._early.append(data)
        self.pause_reading()

    @override
    def eof_received(self) -> bool:
        if self.server_side.transport is None:
            self._has_ended_early = True
        else:
            self._pass_end_on()
        return True  # the other direction stays open

    def _pass_end_on(self) -> None:
        self.server_side.write_eof()
        self.is_done = True
        self.close_if_done()

    @property
    def kept_bytes(self) -> int:
        """What this link keeps of both directions, without the kernel's part."""
        transports = (self.transport, self.server_side.transport)
        early = sum(map(len, self._early))
        return early + self.server_side.held_bytes + sum(t.get_write_buffer_size() for t in transports if t is not None)

    def close_if_done(self) -> None:
        if self.is_done and self.server_side.is_done:
            self.close()
            self.server_side.close()

    @override
    def pause_writing(self) -> None:
        self.server_side.is_client_full = True
        self.server_side.pace()

    @override
    def resume_writing(self) -> None:
        self.server_side.is_client_full = False
        self.server_side.pace()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._forwarder.links.discard(self)
        if self._connecting is not None:
            self._connecting.cancel()
        self.server_side.forget()
        if not (self.is_done and self.server_side.is_done):
            self.server_side.reset()


class _ServerSide(_Side):
    """What comes from the server goes to the client in its order, each chunk so late as the delay says."""

    def __init__(self, client_side: _ClientSide, forwarder: Forwarder) -> None:
        self._client_side = client_side
        self._forwarder = forwarder
        self._loop = asyncio.get_running_loop()
        self._held: deque[tuple[float, bytes | _End]] = deque()  # with the loop's time of their arrival
        self.held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._is_client_gone = False
        self.is_client_full = False

    @override
    def data_received(self, data: bytes) -> None:
        if self._held or self._forwarder.delay_seconds:
            self._hold(data)
        else:
            self._pass_on(data)

    @override
    def eof_received(self) -> bool:
        self._end(_End.EOF)
        return True  # the client may go on sending

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_done or exc is not None:
            self._end(_End.RESET)

    @override
    def pause_writing(self) -> None:
        self._client_side.pause_reading()

    @override
    def resume_writing(self) -> None:
        self._client_side.resume_reading()

    def release(self) -> None:
        """Pass on all that has waited long enough, and come again for the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._loop.time() - self._forwarder.delay_seconds
        while self._held and self._held[0][0] <= due:
            _, item = self._held.popleft()
            if isinstance(item, bytes):
                self.held_bytes -= len(item)
            self._pass_on(item)
        if self._held:
            self._timer = self._loop.call_at(self._held[0][0] + self._forwarder.delay_seconds, self.release)
        self.pace()

    def forget(self) -> None:
        """The client is gone: nothing is to be passed on any more."""
        self._is_client_gone = True
        self._held.clear()
        self.held_bytes = 0
        self.release()

    def pace(self) -> None:
        """Read from the server only as long as there is room for it."""
        must_pause = self.is_client_full or self.held_bytes > _MOST_HELD_BYTES
        if self.transport is None or must_pause == self._is_paused:
            return
        self._is_paused = must_pause
        if must_pause:
            self.pause_reading()
        else:
            self.resume_reading()

    def _end(self, end: _End) -> None:
        if self._is_client_gone:
            return
        if self._held or self._forwarder.delay_seconds:
            self._hold(end)
        else:
            self._pass_on(end)

    def _hold(self, item: bytes | _End) -> None:
        self._held.append((self._loop.time(), item))
        if isinstance(item, bytes):
            self.held_bytes += len(item)
            self.pace()
        if self._timer is None:
            self._timer = self._loop.call_at(self._held[0][0] + self._forwarder.delay_seconds, self.release)

    def _pass_on(self, item: bytes | _End) -> None:
        client = self._client_side
        if isinstance(item, bytes):
            client.write(item)
        elif item is _End.EOF:
            client.write_eof()
            self.is_done = True
            client.close_if_done()
        else:
            client.reset()
