"""Ends the connections of one name; whoever they belong to may connect again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number, required
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.redis import RedisTarget

_MATCHING, _OLDEST, _NEWEST = "matchingClients", "oldestClientId", "newestClientId"


class RedisKillClients(Remedy):
    """By exact name, idle and busy ones; all others stay."""

    type: ClassVar[ActionType] = ActionType.REDIS_KILL_CLIENTS
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    risk: ClassVar[Risk] = Risk.MEDIUM
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        redis, name = narrow(target, RedisTarget), _name(params)
        clients = await redis.clients()
        matching = [client.id for client in clients if client.name == name]
        return {
            "clientName": name,
            _MATCHING: len(matching),
            _OLDEST: min(matching, default=None),
            _NEWEST: max(matching, default=None),
            "connectedClients": len(clients),
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        redis, name = narrow(target, RedisTarget), _name(params)
        ended = await redis.end_clients(await redis.client_ids(name))
        return f"ended {ended} connections named {name!r}"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        """An application that connects again does not undo it: those that were there before are gone."""
        newest_before, oldest_after = number(before, _NEWEST), number(after, _OLDEST)
        if newest_before is not None and oldest_after is not None and oldest_after > newest_before:
            return None
        return judge_removal(number(before, _MATCHING), number(after, _MATCHING), "connections of that name")


def _name(params: ActionParams) -> str:
    name = required(params.client_name, "clientName")
    if name == OPERATOR_NAME:
        raise Refused(f"{OPERATOR_NAME} is the operator itself, whose connections are never ended")
    return name
