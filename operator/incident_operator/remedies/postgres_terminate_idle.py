"""Ends an application's idle sessions; its busy ones, and all others', stay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, LiteralString

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number, required
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget

_PAUSE = timedelta(milliseconds=20)
_MOST_LOOKS = 50

_IDLE: LiteralString = (
    " FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = %s"
    " AND state = 'idle' AND now() - state_change >= make_interval(secs => %s) AND pid <> pg_backend_pid()"
)


class PostgresTerminateIdle(Remedy):
    """By application name, and only sessions that have been idle for so long."""

    type: ClassVar[ActionType] = ActionType.POSTGRES_TERMINATE_IDLE
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    risk: ClassVar[Risk] = Risk.LOW
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        postgres = narrow(target, PostgresTarget)
        idle = await _count(postgres, params)
        total = await postgres.fetch_value(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s",
            (OPERATOR_NAME,),
        )
        return {"applicationName": params.application_name, "idleSessions": idle, "sessions": int(total)}

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        postgres, (name, seconds) = narrow(target, PostgresTarget), _whom(params)
        ended = await postgres.execute("SELECT pg_terminate_backend(pid)" + _IDLE, (name, seconds))
        for _ in range(_MOST_LOOKS):  # a session takes a moment to go, and the observation after must not see it
            if not await _count(postgres, params):
                break
            await asyncio.sleep(_PAUSE.total_seconds())
        return f"ended {len(ended)} idle sessions of {name!r}"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        return judge_removal(number(before, "idleSessions"), number(after, "idleSessions"), "idle sessions")


def _whom(params: ActionParams) -> tuple[str, int]:
    name = required(params.application_name, "applicationName")
    if name == OPERATOR_NAME:
        raise Refused(f"{OPERATOR_NAME} is the operator itself, whose sessions are never ended")
    return name, params.idle_seconds or 0


async def _count(postgres: PostgresTarget, params: ActionParams) -> int:
    return int(await postgres.fetch_value("SELECT count(*)" + _IDLE, _whom(params)))
