"""One board: a WebSocket client that reads all and looks at as little of it as it can."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import cast

from typing_extensions import override

from benchmarks.swarm.chunks import ChunkReader
from benchmarks.swarm.inspection import Inspection
from benchmarks.swarm.tally import Tally
from benchmarks.websocket import is_accepted, opening_request, pongs_for

_SYNCED = b'"synced"'
_HEAD_END = b"\r\n\r\n"
_SEQ = re.compile(rb'"seq":"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Stream:
    """Where boards connect, and what tells that one has all there is."""

    host: str
    port: int
    path: str
    headers: dict[str, str]
    subprotocol: str = ""
    has_snapshot: bool = True
    """It brings all incidents by itself, and says when that is done."""
    list_path: str = ""
    """Else they are fetched there over HTTP after connecting; not at all where it is empty."""
    resume_parameter: str = ""


class Phase(Enum):
    """How far a board has come."""

    OPENING = "opening"
    SYNCING = "syncing"
    LIVE = "live"
    GONE = "gone"


class Board(asyncio.Protocol):
    """`on_phase` is called after each step from one phase to the next."""

    def __init__(
        self,
        number: int,
        stream: Stream,
        reader: ChunkReader,
        *,
        seq: str = "",
        inspection: Inspection | None = None,
        on_phase: Callable[[Board], None],
    ) -> None:
        self.number = number
        self.tally: Tally | None = None
        self.phase = Phase.OPENING
        self.synced_ns = 0
        self.received = 0
        """Bytes since it connected."""
        self._stream = stream
        self._reader = reader
        self._path = stream.path + (f"?{stream.resume_parameter}={seq}" if seq else "")
        self._inspection = inspection
        self._on_phase = on_phase
        self._tail = b""
        self._before = b""
        self._last = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        stream = self._stream
        host = f"{stream.host}:{stream.port}"
        self._transport.write(opening_request(host, self._path, stream.headers, stream.subprotocol))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._enter(Phase.GONE)

    @override
    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self._inspection is not None or self.phase is not Phase.LIVE:
            data = self._receive_slowly(data)
            if not data:
                return
        self._last = data
        if self._tail:
            data = self._tail + data
        chunk = self._reader.read(data)
        self._tail = chunk.tail
        if chunk.marks and self.tally is not None:
            self.tally.take(self.number, chunk.marks)
        if chunk.pongs and self._transport is not None:
            self._transport.write(chunk.pongs)

    def _receive_slowly(self, data: bytes) -> bytes:
        """What is left to look at for marks and pings."""
        if self.phase is Phase.OPENING:
            data = self._open(data)
        if self._inspection is not None:
            self._inspection.feed(data)
        if self.phase is Phase.SYNCING and self._stream.has_snapshot:
            self._sync(data)
        if self.phase is Phase.LIVE:
            return data
        pongs, _ = pongs_for(data)  # marks of a snapshot are no changes
        if pongs and self._transport is not None:
            self._transport.write(pongs)
        return b""

    def _open(self, data: bytes) -> bytes:
        """What follows the head of the answer, once all of that is there."""
        data = self._before + data
        head, separator, rest = data.partition(_HEAD_END)
        if not separator:
            self._before = data
            return b""
        self._before = b""
        if not is_accepted(head):
            self.abort()
            return b""
        self._enter(Phase.SYNCING)
        if not self._stream.has_snapshot and not self._stream.list_path:
            self.become_live()
        return rest

    def _sync(self, data: bytes) -> None:
        """Live as soon as the stream says that the snapshot is complete."""
        data = self._before + data
        if _SYNCED in data:
            self.become_live()
            self._before = b""
        else:
            self._before = data[-len(_SYNCED) :]

    def become_live(self) -> None:
        """It has all there was; from now on it counts marks."""
        self.synced_ns = time.monotonic_ns()
        self._enter(Phase.LIVE)

    @property
    def last_seq(self) -> str:
        """The `seq` of the latest message, as far as the latest chunk shows it; else empty."""
        found = _SEQ.findall(self._last)
        return found[-1].decode() if found else ""

    def abort(self) -> None:
        """Let go of the connection at once."""
        if self._transport is not None:
            self._transport.abort()
        self._enter(Phase.GONE)

    def _enter(self, phase: Phase) -> None:
        if self.phase is not phase and self.phase is not Phase.GONE:
            self.phase = phase
            self._on_phase(self)
