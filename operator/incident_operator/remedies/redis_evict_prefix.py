"""Deletes the keys that begin exactly so; all others stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number, required
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, as_int, escape_glob

_SHORTEST_PREFIX = 3


class RedisEvictPrefix(Remedy):
    """UNLINK in pages, so that no other client waits long."""

    type: ClassVar[ActionType] = ActionType.REDIS_EVICT_PREFIX
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    risk: ClassVar[Risk] = Risk.MEDIUM
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        redis, prefix = narrow(target, RedisTarget), _prefix(params)
        matching = {key async for page in redis.scan(_pattern(prefix)) for key in page}
        memory = await redis.info("memory")
        return {
            "prefix": prefix,
            "matchingKeys": len(matching),
            "keys": as_int(await redis.call("DBSIZE")),
            "usedMemoryBytes": int(memory["used_memory"]),
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        redis, prefix = narrow(target, RedisTarget), _prefix(params)
        deleted = 0
        async for keys in redis.scan(_pattern(prefix)):
            if keys:
                deleted += as_int(await redis.call("UNLINK", *keys))
        return f"deleted {deleted} keys that begin with {prefix!r}"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        return judge_removal(number(before, "matchingKeys"), number(after, "matchingKeys"), "keys with the prefix")


def _prefix(params: ActionParams) -> str:
    prefix = required(params.prefix, "prefix")
    if len(prefix) < _SHORTEST_PREFIX:
        raise Refused(f"prefix {prefix!r} is too short to be meant: it needs {_SHORTEST_PREFIX} characters")
    return prefix


def _pattern(prefix: str) -> str:
    return escape_glob(prefix) + "*"
