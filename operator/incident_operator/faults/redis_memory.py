"""Fills Redis with real keys that expire by themselves."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import RedisMemoryFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault, fill_error
from incident_operator.targets import Full, Refused, Target, TargetError
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, escape_glob, parse_clients, parse_info
from incident_operator.targets.redis_link import RedisLink

_VALUE_BYTES = 40 * 1024 - 64  # with its header it fits the allocator's class of 40 KiB; the next is 48 KiB
_BATCH_BYTES = 4 * 1024 * 1024
_NEVER_WITH_EVICTION = 97
_MOST_ROUNDS = 100_000
_MOST_SWEEPS = 20
_PAUSE = timedelta(milliseconds=20)
_PATIENCE = timedelta(seconds=20)  # with a server that takes no more, or has not settled
_NEAR_PERCENT = 2  # of maxmemory: so close to the goal, a server that takes no more is as full as can be
_CLIENT_BUFFERS = ("qbuf", "qbuf-free", "argv-mem", "multi-mem", "omem")


class RedisMemory(Fault):
    """The data grow to a share of maxmemory; the eviction policy stays as it is.

    Buffers that used_memory counts for a moment do not count here, or they would pass for data and leave
    the server half empty: those of clients, and those of the append-only file while the disk is slow.
    """

    type: ClassVar[FaultType] = FaultType.REDIS_MEMORY
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    signal: ClassVar[SignalName | None] = SignalName.MEMORY
    acceptable_actions = frozenset({ActionType.REDIS_EVICT_PREFIX})
    dead_man: ClassVar[str] = "Each key has a time to live: the server itself deletes it when the fault is over."

    @override
    def fill_percent(self, spec: FaultSpec) -> int:
        return (spec.redis_memory or RedisMemoryFault()).fill_percent

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        return fill_error(self.fill_percent(spec), policy, "maxmemory")

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"session:{tag_hash}:", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        redis = narrow(target, RedisTarget)
        goal, memory = await self._goal(redis, self.fill_percent(spec)), await _read_memory(redis)
        return f"its data would grow from {memory.data} to {max(goal, memory.data)} bytes, of {memory.limit}"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        redis = narrow(target, RedisTarget)
        goal = await self._goal(redis, self.fill_percent(spec))
        link = redis.new_link(undo.tag)  # a name by which recover can cut off what is still under way
        try:
            await self._fill(redis, link, undo, goal, lifetime)
        finally:
            await link.close()

    async def _fill(
        self, redis: RedisTarget, link: RedisLink, undo: UndoRecord, goal: int, lifetime: timedelta
    ) -> None:
        """Write until the data, without any buffers, are as large as asked."""
        begun = progressed = time.monotonic()
        is_full = False
        for _ in range(_MOST_ROUNDS):
            memory = await _read_memory(redis)
            missing = goal - memory.data
            if not memory.unsettled and missing <= (memory.limit * _NEAR_PERCENT // 100 if is_full else 0):
                return
            now = time.monotonic()
            left = lifetime - timedelta(seconds=now - begun)
            if left <= timedelta(0) or now - progressed > _PATIENCE.total_seconds():
                raise Refused(f"{redis.access.address} did not reach {goal} bytes of data: {memory.describe()}")
            if missing > 0:
                taken = await self._write(redis, link, undo, missing, left)
                reached(Failpoint.HALF_INJECTED)
                if taken:
                    is_full, progressed = False, time.monotonic()
                    continue
                is_full = not memory.unsettled  # or it may take more in a moment
            await asyncio.sleep(_PAUSE.total_seconds())
        raise Refused(f"{redis.access.address} did not reach {goal} bytes: keys vanish as fast as they are written")

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        redis = narrow(target, RedisTarget)
        for _ in range(_MOST_SWEEPS):
            await redis.end_clients(await redis.client_ids(undo.tag))
            found = 0
            async for keys in redis.scan(escape_glob(undo.tag) + "*"):
                if keys:
                    found += len(keys)
                    await redis.call("UNLINK", *keys)
                    reached(Failpoint.HALF_RECOVERED)
            if not found and not await redis.client_ids(undo.tag):
                return
        raise Refused(f"{redis.access.address} still holds keys that begin with {undo.tag} after {_MOST_SWEEPS} sweeps")

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        redis = narrow(target, RedisTarget)
        keys = {key async for page in redis.scan(escape_glob(undo.tag) + "*") for key in page}
        return len(keys) + len(await redis.client_ids(undo.tag))

    async def _goal(self, redis: RedisTarget, percent: int) -> int:
        memory = await redis.info("memory")
        limit, policy = int(memory.get("maxmemory", 0)), memory.get("maxmemory_policy", "noeviction")
        if limit == 0:
            raise Refused(f"{redis.access.address} has no maxmemory, so it cannot be filled; set one")
        if policy != "noeviction" and percent > _NEVER_WITH_EVICTION:
            raise Refused(
                f"{redis.access.address} evicts by {policy}: filling it to {percent} % would cost ordinary keys; "
                f"fill it to at most {_NEVER_WITH_EVICTION} %"
            )
        return limit * percent // 100

    async def _write(
        self, redis: RedisTarget, link: RedisLink, undo: UndoRecord, missing: int, lifetime: timedelta
    ) -> bool:
        """One batch; False when the server has no memory left, be it for data or for buffers."""
        milliseconds = max(1, int(lifetime.total_seconds() * 1000))
        count = math.ceil(min(missing, _BATCH_BYTES) / _VALUE_BYTES)
        # random bytes cannot be compressed, and one value for the whole batch costs the client little
        value = os.urandom(_VALUE_BYTES)
        commands = [("SET", f"{undo.tag}{secrets.token_hex(8)}", value, "PX", milliseconds) for _ in range(count)]
        async with redis.bounded():
            replies = await link.call_many(commands)
        failures = [reply for reply in replies if isinstance(reply, TargetError)]
        if any(not isinstance(failure, Full) for failure in failures):
            raise failures[0]
        return not failures


@dataclass(frozen=True, slots=True)
class _Memory:
    """used_memory of one moment, in bytes, with the part that goes as it came."""

    limit: int
    used: int
    log_buffers: int
    """What waits for the append-only file and for replicas."""
    client_buffers: int
    unsettled: str
    """Why a part of it is about to become free though nothing tells how much; empty where none is."""

    @property
    def data(self) -> int:
        """What stays."""
        return self.used - self.log_buffers - self.client_buffers

    def describe(self) -> str:
        """For people."""
        buffers = f"{self.client_buffers} of clients' buffers and {self.log_buffers} of the log's and replicas'"
        text = f"of {self.limit} it uses {self.used}, with {buffers}"
        return f"{text}, and {self.unsettled}" if self.unsettled else text


async def _read_memory(redis: RedisTarget) -> _Memory:
    """Asked in one round trip, so that what the buffers take is what used_memory counts of them."""
    replies = await redis.call_many([("INFO", "memory"), ("INFO", "persistence"), ("CLIENT", "LIST")])
    for reply in replies:
        if isinstance(reply, TargetError):
            raise reply
    memory, persistence, clients = parse_info(replies[0]), parse_info(replies[1]), parse_clients(replies[2])
    unsettled = ""
    if int(memory.get("lazyfree_pending_objects", 0)):
        unsettled = "it still frees deleted keys"
    elif int(persistence.get("aof_rewrite_in_progress", 0)) and "aof_rewrite_buffer_length" in persistence:
        # Redis before 7 keeps what is written meanwhile in blocks of 10 MiB, and tells only how much is in them
        unsettled = "it rewrites its append-only file"
    return _Memory(
        limit=int(memory.get("maxmemory", 0)),
        used=int(memory["used_memory"]),
        log_buffers=int(memory.get("mem_not_counted_for_evict", 0)),
        client_buffers=sum(
            int(client.get(part, 0))
            for client in clients
            if "S" not in client.get("flags", "")  # a replica's are among those of the log
            for part in _CLIENT_BUFFERS
        ),
        unsettled=unsettled,
    )
