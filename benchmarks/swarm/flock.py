"""All boards of the process: connect at once, watch for marks, report."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from benchmarks import httpget
from benchmarks.swarm.board import Board, Phase, Stream
from benchmarks.swarm.chunks import ChunkReader
from benchmarks.swarm.histogram import Histogram
from benchmarks.swarm.inspection import Inspection
from benchmarks.swarm.tally import Tally

_POLL_SECONDS = 0.02
_LIST_SECONDS = 60.0
_LIST_PAUSE = 1.0


class Flock:
    """Boards numbered from 0. The first `sample` of them are looked at closely."""

    def __init__(self, stream: Stream, *, sample: int) -> None:
        self._stream = stream
        self._sample = sample
        self._boards: list[Board] = []
        self._reader = ChunkReader()
        self._tally: Tally | None = None
        self._inspections: list[Inspection] = []
        self._lists: set[asyncio.Task[None]] = set()
        self._failures: Counter[str] = Counter()
        self._unsettled: set[Board] = set()
        self._settled = asyncio.Event()

    async def connect(self, *, count: int, resume: bool, seconds: float) -> dict[str, Any]:
        """Connect `count` boards at once, each with its last seq where asked; until all are live or time is up."""
        seqs = [board.last_seq if resume else "" for board in self._boards] or [""] * count
        self._failures.clear()
        self._settled.clear()
        self._inspections = [Inspection() for _ in range(min(count, self._sample))]
        began = time.monotonic_ns()
        self._boards = [self._new_board(number, seq) for number, seq in enumerate(seqs[:count])]
        self._unsettled = set(self._boards)
        opening = [asyncio.ensure_future(self._open(board)) for board in self._boards]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        for task in [*opening, *self._lists]:
            task.cancel()
        await asyncio.gather(*opening, *self._lists, return_exceptions=True)
        self._watch_all()
        return self._connect_report(began, sum(bool(seq) for seq in seqs))

    def _new_board(self, number: int, seq: str) -> Board:
        inspection = self._inspections[number] if number < len(self._inspections) else None
        return Board(number, self._stream, self._reader, seq=seq, inspection=inspection, on_phase=self._stepped)

    async def _open(self, board: Board) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: board, self._stream.host, self._stream.port)
        except OSError as error:
            board.abort()
            self._failures[type(error).__name__] += 1

    def _stepped(self, board: Board) -> None:
        if board.phase is Phase.LIVE:
            board.tally = self._tally
        elif board.phase is Phase.SYNCING and not self._stream.has_snapshot and self._stream.list_path:
            task = asyncio.ensure_future(self._fetch_list(board))
            self._lists.add(task)
            task.add_done_callback(self._lists.discard)
        if board.phase in (Phase.LIVE, Phase.GONE):
            self._unsettled.discard(board)
            if not self._unsettled:
                self._settled.set()

    async def _fetch_list(self, board: Board) -> None:
        """Until the server gives it: a person would reload the page, too."""
        stream = self._stream
        while board.phase is Phase.SYNCING:
            try:
                answer = await httpget.get(
                    stream.host, stream.port, stream.list_path, stream.headers, seconds=_LIST_SECONDS
                )
            except (OSError, TimeoutError) as error:
                self._failures[f"list: {type(error).__name__}"] += 1
            else:
                board.received += len(answer.body)
                if answer.status == 200:
                    board.become_live()
                    return
                self._failures[f"list: HTTP {answer.status}"] += 1
            await asyncio.sleep(_LIST_PAUSE)

    def _connect_report(self, began: int, with_seq: int) -> dict[str, Any]:
        times = Histogram()
        for board in self._boards:
            if board.synced_ns:
                times.add(board.synced_ns - began)
        received = sum(board.received for board in self._boards)
        return {
            "live": sum(board.phase is Phase.LIVE for board in self._boards),
            "with_seq": with_seq,
            "sync_ms": times.summary(),
            "received_bytes": received,
            "failures": dict(self._failures),
        }

    def disconnect(self) -> None:
        """All at once, without a goodbye, as when a network goes. Their last seqs are kept for `connect`."""
        for board in self._boards:
            board.abort()

    def watch(self, *, first: int, size: int) -> None:
        """Forget earlier marks, and expect these."""
        self._tally = Tally(boards=len(self._boards), first=first, size=size)
        self._watch_all()

    def _watch_all(self) -> None:
        for board in self._boards:
            if board.phase is Phase.LIVE:
                board.tally = self._tally

    async def wait(self, *, sent: int, idle_seconds: float, seconds: float) -> dict[str, Any]:
        """Until each board has seen `sent` marks, or none has seen a new one for a while, or time is up."""
        if self._tally is None:
            raise RuntimeError("nothing is watched")
        began = time.monotonic_ns()
        while True:
            now = time.monotonic_ns()
            quiet_seconds = (now - max(began, self._tally.last_ns)) / 1e9
            is_complete = self._tally.complete(sent) == len(self._boards)
            if is_complete or quiet_seconds > idle_seconds or (now - began) / 1e9 > seconds:
                return self.report(sent) | {"is_complete": is_complete}
            await asyncio.sleep(_POLL_SECONDS)

    def report(self, sent: int) -> dict[str, Any]:
        """What was seen since `watch`. Latencies in milliseconds, from the mark to the first sight of it."""
        tally = self._tally
        return {
            "alive": sum(board.phase is Phase.LIVE for board in self._boards),
            "complete": tally.complete(sent) if tally else 0,
            "delivered": tally.delivered if tally else 0,
            "last_ns": tally.last_ns if tally else 0,
            "latency_ms": tally.latencies.summary() if tally else {},
            "received_bytes": sum(board.received for board in self._boards),
        }

    def inspection(self) -> dict[str, Any]:
        """What the sample of boards found since it connected."""
        types: Counter[str] = Counter()
        for inspection in self._inspections:
            types += inspection.types
        return {
            "boards": len(self._inspections),
            "types": dict(types),
            "message_bytes": sum(inspection.message_bytes for inspection in self._inspections),
            "problems": sorted({problem for inspection in self._inspections for problem in inspection.problems}),
        }
