"""What the agent does, one change at a time: fill, expire, delete, log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from incident_operator.disk_agent.errors import AgentError, DirectoryBroken, Full, NameTaken
from incident_operator.disk_agent.expiry import Expiry, ExpiryRecords
from incident_operator.disk_agent.paths import check_file_name
from incident_operator.disk_agent.volume import StoredFile, Usage, Volume

LOG_NAME = "app.log"
_LONGEST_LOG = 256 * 1024
_STUCK_SLEEP = timedelta(seconds=5)
_SHORTEST_SLEEP = timedelta(milliseconds=50)
_LONGEST_SLEEP = timedelta(seconds=30)  # a wall clock that is set forward is noticed so late at most

log = structlog.get_logger("disk-agent")


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion found."""

    deleted: tuple[str, ...]
    missing: tuple[str, ...]
    freed: int


class DiskService:
    """All blocking work goes to threads; changes to files exclude one another, the log writer goes on beside them."""

    def __init__(self, volume: Volume, records: ExpiryRecords, clock: Callable[[], datetime]) -> None:
        self._volume = volume
        self._records = records
        self._clock = clock
        self._change = asyncio.Lock()
        self._logging = asyncio.Lock()
        self._condemned: set[str] = set()  # a fill of one of these stops at its next chunk
        self._wake = asyncio.Event()

    async def usage(self) -> Usage:
        return await asyncio.to_thread(self._volume.usage)

    async def largest_files(self, limit: int, prefix: str) -> tuple[StoredFile, ...]:
        return await asyncio.to_thread(self._volume.largest_files, limit, prefix)

    async def fill(self, name: str, size: int, lifetime: timedelta) -> int:
        """Make a file exactly so long, of real blocks, that goes by itself when its lifetime is over.

        Growing a file of an earlier fill is how a large fill is made in pieces. Raises Full, and
        leaves nothing new, where the capacity does not suffice.
        """
        check_file_name(name)
        async with self._change:
            owned = await asyncio.to_thread(self._records.has, name)
            length = await asyncio.to_thread(self._volume.size_of, name)
            if length and not owned:
                raise NameTaken(f"{name!r} exists and was not made by a fill")
            usage = await self.usage()
            if size - length > usage.free:
                raise Full(f"{size - length} more bytes do not fit: {usage.used} of {usage.total} bytes are used")
            expiry = Expiry(name, self._clock() + lifetime)
            await self._write_record(expiry)
            while length < size and name not in self._condemned:
                length = await asyncio.to_thread(self._volume.grow, name, size)
        log.info("filled", file=name, bytes=length, expires_at=expiry.at.isoformat())
        return length

    async def delete(self, paths: Sequence[str]) -> Deletion:
        """Remove files. All paths are checked before the first one goes."""
        for path in paths:
            await asyncio.to_thread(self._volume.check_deletable, path)
        self._condemned.update(paths)
        try:
            async with self._change:
                result = await self._delete_now(paths)
        finally:
            self._condemned.difference_update(paths)
        log.info("deleted", files=len(result.deleted), bytes=result.freed)
        return result

    async def append_log_line(self) -> None:
        """The log writer: what fails first when the disk is full."""
        line = f"{self._clock().isoformat()} INFO request served\n".encode()
        async with self._logging:
            await asyncio.to_thread(self._volume.rotate, LOG_NAME, _LONGEST_LOG)
            await asyncio.to_thread(self._volume.append_line, LOG_NAME, line)

    async def seed(self) -> int:
        """Write the ordinary files that are missing; how many there are then."""
        async with self._change:
            try:
                await asyncio.to_thread(self._volume.seed)
            except OSError as error:
                raise DirectoryBroken(f"the ordinary files cannot be written: {error.strerror}") from error
        return await self.count_ordinary()

    async def count_ordinary(self) -> int:
        return await asyncio.to_thread(self._volume.count_ordinary)

    async def expire(self) -> timedelta:
        """Remove what is past its time; how long until the next look."""
        now = self._clock()
        stuck: set[str] = set()
        due = [e.name for e in await asyncio.to_thread(self._records.read_all) if e.at <= now]
        for name in due:
            try:
                await self.delete([name])
                log.warning("expired", file=name)
            except (AgentError, OSError) as error:  # one that cannot go must not keep the others
                stuck.add(name)
                log.error("a file is past its time and cannot be deleted", file=name, reason=str(error))
        left = await asyncio.to_thread(self._records.read_all)
        pauses = (_STUCK_SLEEP if e.name in stuck else max(e.at - now, _SHORTEST_SLEEP) for e in left)
        return min(pauses, default=_LONGEST_SLEEP)

    async def expire_forever(self) -> None:
        """The dead-man's loop; what was due while the agent was down goes first."""
        while True:
            self._wake.clear()
            try:
                pause = min(await self.expire(), _LONGEST_SLEEP)
            except OSError as error:
                log.error("expiry failed; it is tried again", reason=str(error))
                pause = timedelta(seconds=1)
            try:
                await asyncio.wait_for(self._wake.wait(), pause.total_seconds())
            except TimeoutError:
                continue

    async def _write_record(self, expiry: Expiry) -> None:
        try:
            await asyncio.to_thread(self._records.write, expiry)
        except OSError as error:
            raise Full(f"no record of the fill can be written, so nothing is: {error.strerror}") from error
        self._wake.set()

    async def _delete_now(self, paths: Sequence[str]) -> Deletion:
        deleted, missing, freed = [], [], 0
        for path in paths:
            size = await asyncio.to_thread(self._volume.delete, path)
            if "/" not in path:
                await asyncio.to_thread(self._records.remove, path)
            if size is None:
                missing.append(path)
            else:
                deleted.append(path)
                freed += size
        return Deletion(tuple(deleted), tuple(missing), freed)
