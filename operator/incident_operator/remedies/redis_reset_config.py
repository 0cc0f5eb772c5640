"""Sets one option of Redis back to a value that is known to be good, and can take that back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams, RedisOption
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, number, required
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget, as_text

_DEFAULTS: Mapping[RedisOption, str] = {
    RedisOption.MAX_CLIENTS: "10000",
    RedisOption.MAX_MEMORY_POLICY: "noeviction",
    RedisOption.TIMEOUT: "0",
}
"""As redis.conf documents them. maxmemory has none: its default, no limit, is right on no machine."""
_POLICIES = frozenset(
    {
        "noeviction",
        *(f"{kind}-{how}" for kind in ("allkeys", "volatile") for how in ("lru", "lfu", "random")),
        "volatile-ttl",
    }
)
_BOUNDS: Mapping[RedisOption, tuple[int, int]] = {
    RedisOption.MAX_CLIENTS: (1, 1_000_000),
    RedisOption.MAX_MEMORY: (1024 * 1024, 2**50),
    RedisOption.TIMEOUT: (0, 7 * 24 * 3600),
}


class RedisResetConfig(Remedy):
    """CONFIG SET of one option of a closed list; the server's own file stays as it is."""

    type: ClassVar[ActionType] = ActionType.REDIS_RESET_CONFIG
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    risk: ClassVar[Risk] = Risk.MEDIUM
    reversible: ClassVar[bool] = True

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        redis, option = narrow(target, RedisTarget), _option(params)
        memory, clients = await redis.info("memory"), await redis.info("clients")
        return {
            "option": option.value,
            "value": await _read(redis, option),
            "wanted": _wanted(redis, params),
            "usedMemoryBytes": int(memory["used_memory"]),
            "connectedClients": int(clients["connected_clients"]),
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        redis, option = narrow(target, RedisTarget), _option(params)
        wanted, evidence = _wanted(redis, params), await self.observe(target, params)
        used = number(evidence, "usedMemoryBytes")
        if option is RedisOption.MAX_MEMORY and used is not None and int(wanted) < used:
            raise Refused(
                f"{redis.access.address} uses {used:.0f} bytes, so with maxmemory {wanted} it would refuse writes or "
                "evict keys at once; nothing was done"
            )
        await redis.call("CONFIG", "SET", option.value, wanted)
        return f"set {option} from {evidence['value']} to {wanted}"

    @override
    async def revert(self, target: Target, params: ActionParams, before: Mapping[str, JsonValue]) -> str:
        redis, option, value = narrow(target, RedisTarget), _option(params), before.get("value")
        if not isinstance(value, str):
            raise Refused(f"the value of {option} before the action is not on record, so it cannot be taken back")
        await redis.call("CONFIG", "SET", option.value, value)
        return f"set {option} back to {value}"

    @override
    def is_same(self, one: Mapping[str, JsonValue], other: Mapping[str, JsonValue]) -> bool:
        return one.get("value") is not None and one.get("value") == other.get("value")

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        was, now, wanted = before.get("value"), after.get("value"), after.get("wanted")
        if was is None or now is None or wanted is None:
            return "the option could not be read before and after, so nothing is proven"
        if was == wanted:
            return f"it was {was} already, so nothing was done"
        return None if now == wanted else f"it is {now} and not {wanted}"


async def _read(redis: RedisTarget, option: RedisOption) -> str:
    reply = await redis.call("CONFIG", "GET", option.value)
    if not isinstance(reply, list) or len(reply) != 2:  # its name and its value
        raise Refused(f"{redis.access.address} does not know the option {option}")
    return as_text(reply[1])


def _option(params: ActionParams) -> RedisOption:
    return RedisOption(required(params.option, "option"))


def _wanted(redis: RedisTarget, params: ActionParams) -> str:
    """The value that the plan names, or else the one that is known to be good. Raises Refused."""
    option = _option(params)
    if params.value is not None:
        return _checked(option, params.value)
    created_with = {
        RedisOption.MAX_MEMORY: redis.access.max_memory_bytes,
        RedisOption.MAX_CLIENTS: redis.access.max_clients,
    }
    if (created := created_with.get(option)) is not None:
        return str(created)
    if option in _DEFAULTS:
        return _DEFAULTS[option]
    raise Refused(
        f"the right {option} of {redis.access.address} is not known: the operator did not create the system, and the "
        "default of Redis is no limit at all. Name the wanted one in params.value; nothing was done"
    )


def _checked(option: RedisOption, value: str) -> str:
    """A value that the option takes, as CONFIG GET would print it."""
    if option is RedisOption.MAX_MEMORY_POLICY:
        if value in _POLICIES:
            return value
        raise Refused(f"{value!r} is no {option}; possible are {', '.join(sorted(_POLICIES))}. Nothing was done")
    lowest, highest = _BOUNDS[option]
    if not value.isdecimal() or not lowest <= int(value) <= highest:
        raise Refused(f"{option} takes a number from {lowest} to {highest}, not {value!r}; nothing was done")
    return str(int(value))
