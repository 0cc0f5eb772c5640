"""Fills Redis with real keys that expire by themselves."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import RedisMemoryFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.base import Fault, fill_error
from incident_operator.targets import Full, Refused, Target, TargetError
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, as_text, escape_glob
from incident_operator.targets.redis_link import RedisLink

_VALUE_BYTES = 40 * 1024 - 64  # with its header it fits the allocator's class of 40 KiB; the next is 48 KiB
_BATCH_BYTES = 4 * 1024 * 1024
_NEVER_WITH_EVICTION = 97
_MOST_ROUNDS = 100_000
_MOST_SWEEPS = 20
_PAUSE = timedelta(milliseconds=20)


class RedisMemory(Fault):
    """used_memory grows to a share of maxmemory; the eviction policy stays as it is."""

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
    def undo_record(self, tag_hash: str, spec: FaultSpec) -> UndoRecord:
        return UndoRecord(tag=f"session:{tag_hash}:", dead_man=self.dead_man)

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        redis = narrow(target, RedisTarget)
        goal = await self._goal(redis, self.fill_percent(spec))
        link = redis.new_link(undo.tag)  # a name by which recover can cut off what is still under way
        try:
            for _ in range(_MOST_ROUNDS):
                memory = await redis.info("memory")
                missing = goal - int(memory["used_memory"])
                if missing > 0:
                    if not await self._write(redis, link, undo, missing, lifetime):
                        return
                elif int(memory.get("lazyfree_pending_objects", 0)) == 0:
                    return
                else:  # what was deleted just before still counts, and is about to become free
                    await asyncio.sleep(_PAUSE.total_seconds())
        finally:
            await link.close()
        raise Refused(f"{redis.access.address} did not reach {goal} bytes: keys vanish as fast as they are written")

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        redis = narrow(target, RedisTarget)
        for _ in range(_MOST_SWEEPS):
            for identifier in await self._writers(redis, undo):
                await redis.call("CLIENT", "KILL", "ID", identifier)
            found = 0
            async for keys in redis.scan(escape_glob(undo.tag) + "*"):
                if keys:
                    found += len(keys)
                    await redis.call("UNLINK", *keys)
            if not found and not await self._writers(redis, undo):
                return
        raise Refused(f"{redis.access.address} still holds keys that begin with {undo.tag} after {_MOST_SWEEPS} sweeps")

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        redis = narrow(target, RedisTarget)
        keys = {key async for page in redis.scan(escape_glob(undo.tag) + "*") for key in page}
        return len(keys) + len(await self._writers(redis, undo))

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
        """One batch; False when the server has no memory left, which is as full as can be."""
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

    async def _writers(self, redis: RedisTarget, undo: UndoRecord) -> list[str]:
        """Ids of the connections that carry the tag as their name."""
        lines = as_text(await redis.call("CLIENT", "LIST")).splitlines()
        clients = [dict(pair.partition("=")[::2] for pair in line.split()) for line in lines]
        return [client["id"] for client in clients if client.get("name") == undo.tag]
