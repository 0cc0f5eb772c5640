"""The bounded directory: what it holds, and writing that stops at its capacity.

Calls block on the disk: make them off the loop.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from incident_operator.disk_agent.errors import DirectoryBroken, Full, NameTaken, UnsafePath
from incident_operator.disk_agent.paths import is_regular, open_parent, split_path

CHUNK_BYTES = 4 * 1024 * 1024
_NOISE_BYTES = 1024 * 1024
_BLOCK_BYTES = 512  # unit of st_blocks, whatever the file system's own block is
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
ORDINARY_FILES = {
    "data/customers.db": 96 * 1024,
    "data/orders.db": 128 * 1024,
    "data/products.db": 64 * 1024,
    "data/sessions.db": 32 * 1024,
}
"""The directory's ordinary data, seeded once, and its sizes."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes, and which limit holds: `agent` (its capacity) or `volume` (the file system itself)."""

    total: int
    used: int
    enforced_by: str

    @property
    def free(self) -> int:
        return max(0, self.total - self.used)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file by its path relative to the root, and the bytes that it takes up."""

    path: str
    bytes: int
    modified_at: datetime


class Volume:
    """One directory that never grows past its capacity, as long as all writing goes through here."""

    def __init__(self, root: Path, capacity_bytes: int) -> None:
        self.root = root
        self._capacity = capacity_bytes
        # one block of noise is enough: file systems that compress or deduplicate look at far smaller pieces
        self._noise = os.urandom(_NOISE_BYTES)

    def usage(self) -> Usage:
        """What is used, and the smaller of the capacity and what the volume can still take."""
        try:
            used = sum(size for _, size, _ in self._walk(hidden=True))
            volume = os.statvfs(self.root)
        except OSError as error:
            raise DirectoryBroken(f"{self.root} cannot be read: {error.strerror}") from error
        reachable = used + volume.f_bavail * volume.f_frsize
        if reachable < self._capacity:
            return Usage(reachable, used, "volume")
        return Usage(self._capacity, used, "agent")

    def largest_files(self, limit: int, prefix: str = "") -> tuple[StoredFile, ...]:
        """The largest files whose path begins so, largest first; hidden ones are nobody's business."""
        found = [
            StoredFile(path, size, datetime.fromtimestamp(modified, UTC))
            for path, size, modified in self._walk(hidden=False)
            if path.startswith(prefix)
        ]
        return tuple(sorted(found, key=lambda f: (-f.bytes, f.path))[:limit])

    def size_of(self, name: str) -> int:
        """Length of a plain file in the root, 0 where there is none."""
        with open_parent(self.root, (name,)) as parent:
            try:
                return os.stat(name, dir_fd=parent, follow_symlinks=False).st_size
            except FileNotFoundError:
                return 0

    def grow(self, name: str, wanted: int) -> int:
        """Append at most one chunk of incompressible bytes to reach the wanted length; returns the new length."""
        with open_parent(self.root, (name,)) as parent:
            descriptor = self._open_to_append(name, parent)
            try:
                length = os.fstat(descriptor).st_size
                while (step := min(wanted - length, _NOISE_BYTES)) > 0:
                    length += os.write(descriptor, self._noise[:step])
                    if length % CHUNK_BYTES == 0:
                        break
                return length
            except OSError as error:
                raise Full(f"the volume refused {name}: {error.strerror}") from error
            finally:
                os.close(descriptor)

    def append_line(self, name: str, line: bytes) -> None:
        """Append one line durably and read it back. Raises Full where the capacity has no room for it."""
        usage = self.usage()
        if usage.free < len(line):
            raise Full(f"no room for {len(line)} bytes: {usage.used} of {usage.total} bytes are used")
        with open_parent(self.root, (name,)) as parent:
            descriptor = self._open_to_append(name, parent)
            try:
                os.write(descriptor, line)
                os.fsync(descriptor)
            except OSError as error:
                raise Full(f"the volume refused {name}: {error.strerror}") from error
            finally:
                os.close(descriptor)
            self._check_tail(name, parent, line)

    def rotate(self, name: str, longest: int) -> None:
        """Rename a file that has grown past `longest` bytes; its predecessor goes, so there are never more than two."""
        if self.size_of(name) < longest:
            return
        with open_parent(self.root, (name,)) as parent:
            os.replace(name, f"{name}.1", src_dir_fd=parent, dst_dir_fd=parent)

    def delete(self, path: str) -> int | None:
        """Remove one regular file; the bytes that it took up, or None where there is none."""
        parts = split_path(path)
        try:
            with open_parent(self.root, parts) as parent:
                if not is_regular(parts[-1], parent):
                    raise UnsafePath(f"{path!r} is not a regular file")
                size = _allocated(os.stat(parts[-1], dir_fd=parent, follow_symlinks=False))
                os.unlink(parts[-1], dir_fd=parent)
                return size
        except FileNotFoundError:
            return None

    def check_deletable(self, path: str) -> None:
        """Raises UnsafePath for a path that `delete` would refuse."""
        parts = split_path(path)
        try:
            with open_parent(self.root, parts) as parent:
                if not is_regular(parts[-1], parent):
                    raise UnsafePath(f"{path!r} is not a regular file")
        except FileNotFoundError:
            return

    def seed(self) -> None:
        """Write the ordinary files that are missing."""
        for path, size in ORDINARY_FILES.items():
            target = self.root / path
            if target.exists():
                continue
            if self.usage().free < size:
                raise Full(f"no room for the ordinary file {path} of {size} bytes")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(self._noise[:size])

    def count_ordinary(self) -> int:
        """How many of the ordinary files are there, whole."""
        here = {file.path: file.bytes for file in self.largest_files(1000, "data/")}
        return sum(here.get(path, 0) >= size for path, size in ORDINARY_FILES.items())

    def _walk(self, *, hidden: bool) -> Iterator[tuple[str, int, float]]:
        """(path, bytes taken up, modification time) of each regular file; a file that vanishes is skipped."""
        for folder, folders, names, descriptor in os.fwalk(self.root, follow_symlinks=False):
            if not hidden:
                folders[:] = [f for f in folders if not f.startswith(".")]
                names = [n for n in names if not n.startswith(".")]  # noqa: PLW2901 - filtered in place
            below = os.path.relpath(folder, self.root)
            for name in names:
                try:
                    info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(info.st_mode):
                    path = name if below == "." else f"{below}/{name}"
                    # a name need not be text: what is not becomes a replacement character, and no valid JSON is lost
                    yield os.fsencode(path).decode("utf-8", "replace"), _allocated(info), info.st_mtime

    def _open_to_append(self, name: str, parent: int) -> int:
        try:
            descriptor = os.open(name, _APPEND, 0o644, dir_fd=parent)
        except OSError as error:
            raise NameTaken(f"{name!r} cannot be written to: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NameTaken(f"{name!r} is not a regular file")
        return descriptor

    def _check_tail(self, name: str, parent: int, line: bytes) -> None:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            length = os.fstat(descriptor).st_size
            tail = os.pread(descriptor, len(line), max(0, length - len(line)))
        finally:
            os.close(descriptor)
        if tail != line:
            raise DirectoryBroken(f"{name} does not read back as it was written")


def _allocated(info: os.stat_result) -> int:
    """Bytes that a file takes up; its length counts where a file system allocates late."""
    return max(info.st_size, info.st_blocks * _BLOCK_BYTES)
