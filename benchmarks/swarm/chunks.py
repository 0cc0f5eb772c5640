"""What is in a chunk as it was read. Boards mostly read the same ones, so that the latest is looked at once for all."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.marks import find_marks, incomplete_tail
from benchmarks.websocket import PING_BYTE, pongs_for


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a board has to know of it."""

    marks: tuple[tuple[int, int], ...]
    """(number, nanoseconds on the monotonic clock when it was sent)."""
    pongs: bytes
    """To be answered at once."""
    tail: bytes
    """The end, where it cuts something off: belongs before the next chunk."""


class ChunkReader:
    """One for all boards of a process."""

    def __init__(self) -> None:
        self._data = b""
        self._chunk = Chunk((), b"", b"")

    def read(self, data: bytes) -> Chunk:
        """Parsed anew only when it differs from the one before."""
        if data != self._data:
            self._data, self._chunk = data, _parse(data)
        return self._chunk


def _parse(data: bytes) -> Chunk:
    pongs, cut = pongs_for(data) if PING_BYTE in data else (b"", -1)
    cuts = [at for at in (cut, incomplete_tail(data)) if at >= 0]
    return Chunk(tuple(find_marks(data)), pongs, data[min(cuts) :] if cuts else b"")
