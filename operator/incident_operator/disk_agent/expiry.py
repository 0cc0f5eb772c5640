"""The agent's dead-man: who filled the disk, and until when, on disk before the first byte is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

_FOLDER = ".incidentsim"


@dataclass(frozen=True, slots=True)
class Expiry:
    """A filled file and when it goes."""

    name: str
    at: datetime


class ExpiryRecords:
    """One small file for each filled file, in a hidden folder of the directory itself, so that it outlives the agent.

    Calls block on the disk: make them off the loop.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / _FOLDER

    def write(self, expiry: Expiry) -> None:
        """Durable when it returns."""
        self._folder.mkdir(exist_ok=True)
        final = self._path(expiry.name)
        draft = final.with_suffix(".new")
        content = orjson.dumps({"name": expiry.name, "expiresAt": expiry.at.astimezone(UTC).isoformat()})
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(final)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # without it the rename itself may not survive
        finally:
            os.close(folder)

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def read_all(self) -> tuple[Expiry, ...]:
        """Sorted by time, soonest first. A record that cannot be read counts as expired: its file must not stay."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted((_parse(p) for p in self._folder.glob("*.json")), key=lambda e: e.at))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _parse(path: Path) -> Expiry:
    name = path.name.removesuffix(".json")
    try:
        return Expiry(name, datetime.fromisoformat(orjson.loads(path.read_bytes())["expiresAt"]).astimezone(UTC))
    except (OSError, ValueError, KeyError, TypeError):
        return Expiry(name, datetime.fromtimestamp(0, UTC))
