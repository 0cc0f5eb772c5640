"""The proxy's dead-men: until when the server is stopped and answers are late, on disk before either begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

_STOPPED = "stopped"  # the server's container looks for this name
_LATENCY = "latency.json"
_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Stop:
    """The server stays down until then, and whose doing that is."""

    until: datetime
    tag: str


@dataclass(frozen=True, slots=True)
class Latency:
    """Answers are so late until then, and whose doing that is."""

    milliseconds: int
    until: datetime
    tag: str


class StateFolder:
    """Both records, in a folder that outlives the proxy. Writes are durable when they return: make them off the loop.

    A record that cannot be read counts as past its time: what it stands for must not stay.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read_stop(self) -> Stop | None:
        try:
            until, _, tag = (self._folder / _STOPPED).read_text("utf-8").partition("\n")
            return Stop(_parse_time(until), tag.removesuffix("\n"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return Stop(_LONG_AGO, "")

    def write_stop(self, stop: Stop) -> None:
        self._write(_STOPPED, f"{stop.until.isoformat()}\n{stop.tag}\n".encode())

    def remove_stop(self) -> bool:
        """True where there was one."""
        return self._remove(_STOPPED)

    def read_latency(self) -> Latency | None:
        try:
            content = orjson.loads((self._folder / _LATENCY).read_bytes())
            return Latency(int(content["milliseconds"]), _parse_time(content["until"]), str(content["tag"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Latency(0, _LONG_AGO, "")

    def write_latency(self, latency: Latency) -> None:
        content = {"milliseconds": latency.milliseconds, "until": latency.until.isoformat(), "tag": latency.tag}
        self._write(_LATENCY, orjson.dumps(content))

    def remove_latency(self) -> bool:
        """True where there was one."""
        return self._remove(_LATENCY)

    def _write(self, name: str, content: bytes) -> None:
        draft = self._folder / f".{name}.new"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # without it the rename itself may not survive
        finally:
            os.close(folder)

    def _remove(self, name: str) -> bool:
        try:
            (self._folder / name).unlink()
        except FileNotFoundError:
            return False
        return True


def _parse_time(text: str) -> datetime:
    """Raises ValueError where it is no time with a zone."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time.astimezone(UTC)
