"""Deletes every key of the database: ends any shortage of memory, and all ordinary data with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number
from incident_operator.targets import Target
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, as_int


class RedisClearCache(Remedy):
    """FLUSHDB of the one database that the system's endpoint names."""

    type: ClassVar[ActionType] = ActionType.REDIS_CLEAR_CACHE
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    risk: ClassVar[Risk] = Risk.HIGH
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        redis = narrow(target, RedisTarget)
        memory = await redis.info("memory")
        keys = as_int(await redis.call("DBSIZE"))
        return {"keys": keys, "usedMemoryBytes": int(memory["used_memory"])}

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        await narrow(target, RedisTarget).call("FLUSHDB", "ASYNC")
        return "deleted all keys"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        return judge_removal(number(before, "keys"), number(after, "keys"), "keys")
