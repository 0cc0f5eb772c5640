"""Vacuums one table, again where an open transaction kept its dead rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from psycopg import sql
from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, judge_removal, number, required
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_statistics import STATISTICS_LOST

_LONGEST = timedelta(seconds=60)
_PAUSES = tuple(timedelta(milliseconds=100 * 2**n) for n in range(7))
"""A transaction that kept rows is often over soon; after all of them, some 13 s, it is a person's matter."""
_STATISTICS = sql.SQL("""
SELECT s.n_live_tup, s.n_dead_tup, pg_total_relation_size(s.relid), {lost}
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE s.schemaname = %s AND s.relname = %s
""").format(lost=STATISTICS_LOST)


class PostgresVacuum(Remedy):
    """VACUUM (ANALYZE): readers and writers of the table go on meanwhile. It also brings back lost statistics."""

    type: ClassVar[ActionType] = ActionType.POSTGRES_VACUUM
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    risk: ClassVar[Risk] = Risk.LOW
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        schema, table = _name(params)
        rows = await narrow(target, PostgresTarget).execute(_STATISTICS, (schema, table))
        if not rows:
            return {"table": params.table, "exists": False}
        live, dead, size, is_lost = rows[0]
        return {
            "table": params.table,
            "exists": True,
            "liveRows": int(live),
            "deadRows": int(dead),
            "bytes": int(size),
            "statisticsLost": bool(is_lost),
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        postgres, parts = narrow(target, PostgresTarget), _name(params)
        before = await self._dead_rows(postgres, parts)
        command = sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(*parts))
        for pause in _PAUSES:
            await postgres.execute(command, timeout=_LONGEST)
            left = await self._dead_rows(postgres, parts)
            if left * 10 <= before:
                break
            await asyncio.sleep(pause.total_seconds())
        return f"vacuumed {params.table}: {before} dead rows before, {left} after"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        if before.get("statisticsLost") is True:  # then its dead rows could not be counted
            return None if after.get("statisticsLost") is False else "the server still does not know what is in it"
        return judge_removal(number(before, "deadRows"), number(after, "deadRows"), "dead rows")

    async def _dead_rows(self, postgres: PostgresTarget, parts: tuple[str, str]) -> int:
        rows = await postgres.execute(_STATISTICS, parts)
        if not rows:
            raise Refused(f"{postgres.access.address} has no table {'.'.join(parts)}")
        return int(rows[0][1])


def _name(params: ActionParams) -> tuple[str, str]:
    schema, _, table = required(params.table, "table").rpartition(".")
    return schema or "public", table
