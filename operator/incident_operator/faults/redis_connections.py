"""Holds real idle connections, as an application that leaks them does."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import RedisConnectionsFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault, fill_error
from incident_operator.faults.clients import end_clients
from incident_operator.targets import Exhausted, Refused, Target
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget
from incident_operator.targets.redis_link import RedisLink

_AT_ONCE = 32
_OWN = 8
"""Connections that stay free for the operator: its probes, its canary, and what undoes and heals."""
_SPARE_FILES = 256
"""Descriptors that the operator's process needs besides."""


class RedisConnections(Fault):
    """Connections of the application's user, up to a share of maxclients."""

    type: ClassVar[FaultType] = FaultType.REDIS_CONNECTIONS
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    signal: ClassVar[SignalName | None] = SignalName.CLIENTS
    acceptable_actions = frozenset({ActionType.REDIS_KILL_CLIENTS})
    dead_man: ClassVar[str] = (
        "The connections end with the operator's process that holds them, which closes them when the fault is over."
    )

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    @override
    def fill_percent(self, spec: FaultSpec) -> int:
        return (spec.redis_connections or RedisConnectionsFault()).fill_percent

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        return fill_error(self.fill_percent(spec), policy, "maxclients")

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"worker-{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        redis, percent = narrow(target, RedisTarget), self.fill_percent(spec)
        missing = max(0, await self._missing(redis, percent))
        return f"{missing} connections would be opened, up to {percent} % of its maxclients"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        redis, percent = narrow(target, RedisTarget), self.fill_percent(spec)
        missing = await self._missing(redis, percent)
        _make_room_for_files(missing)
        links = self._hold(undo, lifetime)
        while missing > 0:
            opening = [self._open_one(redis, undo, links) for _ in range(min(missing, _AT_ONCE))]
            failures = [e for e in await asyncio.gather(*opening, return_exceptions=True) if e is not None]
            reached(Failpoint.HALF_INJECTED)
            for failure in failures:
                if not isinstance(failure, Exhausted):
                    raise failure
            if failures:
                return  # others were faster, and the server refuses clients: as full as can be
            missing = await self._missing(redis, percent)

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        held = self._held.pop(undo.tag, None)
        if held is not None:
            held.end.cancel()
            await _close(held.links)
            reached(Failpoint.HALF_RECOVERED)
        await end_clients(narrow(target, RedisTarget), undo.tag)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        held = self._held.get(undo.tag)
        here = len(held.links) if held is not None else 0
        return max(here, len(await narrow(target, RedisTarget).client_ids(undo.tag)))

    async def _missing(self, redis: RedisTarget, percent: int) -> int:
        """How many connections it takes, as the probe counts them. Raises Refused."""
        info = await redis.info("clients")
        connected, limit = int(info["connected_clients"]), int(info.get("maxclients", 0))
        if limit == 0:
            raise Refused(f"{redis.access.address} does not tell its maxclients, so it cannot be filled")
        goal = limit * percent // 100
        if limit - goal < _OWN:
            highest = (limit - _OWN) * 100 // limit
            raise Refused(
                f"{goal} of {limit} clients would leave {limit - goal} connections, and the operator needs {_OWN} to "
                f"undo the fault; set fillPercent to {highest} or less, or raise maxclients"
            )
        return goal - connected

    def _hold(self, undo: UndoRecord, lifetime: timedelta) -> list[RedisLink]:
        """Where its connections are kept, and closed once its time is over."""
        before = self._held.get(undo.tag)
        if before is not None:
            before.end.cancel()
        links = before.links if before is not None else []
        self._held[undo.tag] = _Held(links, asyncio.create_task(_close_later(links, lifetime)))
        return links

    async def _open_one(self, redis: RedisTarget, undo: UndoRecord, links: list[RedisLink]) -> None:
        links.append(await redis.new_client(undo.tag))


@dataclass(frozen=True, slots=True)
class _Held:
    """Connections of one fault, and the task that closes them when nobody else does."""

    links: list[RedisLink]
    end: asyncio.Task[None]


async def _close_later(links: list[RedisLink], lifetime: timedelta) -> None:
    await asyncio.sleep(lifetime.total_seconds())
    await _close(links)


async def _close(links: list[RedisLink]) -> None:
    while links:
        await links.pop().close()
        await asyncio.sleep(0)  # thousands of them must not hold up whatever else the loop does


def _make_room_for_files(count: int) -> None:
    """Raise the process's soft limit where so many more open files would pass it. Raises Refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = sum(1 for _ in Path("/dev/fd").iterdir()) + max(0, count) + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or needed <= soft:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        raise Refused(
            f"the fault needs {needed} open files in the operator's process, which may open {hard}; "
            "raise its limit (ulimit -n) or lower fillPercent"
        ) from None
