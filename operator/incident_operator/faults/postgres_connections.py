"""Holds real idle sessions, as an application that leaks them does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import PostgresConnectionsFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault
from incident_operator.faults.sessions import end_sessions
from incident_operator.targets import Exhausted, Target
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_link import PostgresConnection

_AT_ONCE = 8  # a log-in costs the server a process and a key derivation
_COUNTED_FROM = 50
_COUNT = """
SELECT count(*), current_setting('max_connections')::int
FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s
"""


class PostgresConnections(Fault):
    """Sessions of the application's user, up to a share of max_connections."""

    type: ClassVar[FaultType] = FaultType.POSTGRES_CONNECTIONS
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    signal: ClassVar[SignalName | None] = SignalName.CONNECTIONS
    acceptable_actions = frozenset({ActionType.POSTGRES_TERMINATE_IDLE})
    dead_man: ClassVar[str] = (
        "The sessions end with the operator's process that holds them, and by idle_session_timeout at the server."
    )

    def __init__(self) -> None:
        self._held: dict[str, list[PostgresConnection]] = {}

    @override
    def fill_percent(self, spec: FaultSpec) -> int:
        return (spec.postgres_connections or PostgresConnectionsFault()).fill_percent

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        percent = self.fill_percent(spec)
        if percent > _COUNTED_FROM:
            return None
        return (
            f"idle sessions are counted once they pass {_COUNTED_FROM} % of max_connections, so {percent} % would not "
            f"be noticed; set fillPercent to {_COUNTED_FROM + 1} or more"
        )

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"worker-{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        (count, limit), *_ = await narrow(target, PostgresTarget).execute(_COUNT, (OPERATOR_NAME,))
        goal = max(int(count), int(limit) * self.fill_percent(spec) // 100)
        return f"its sessions would grow from {count} to {goal}, of {limit}"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        postgres = narrow(target, PostgresTarget)
        held = self._held.setdefault(undo.tag, [])
        while True:
            (count, limit), *_ = await postgres.execute(_COUNT, (OPERATOR_NAME,))  # as the probe counts
            missing = int(limit) * self.fill_percent(spec) // 100 - int(count)
            if missing <= 0:
                return
            opening = [self._open_one(postgres, undo, lifetime, held) for _ in range(min(missing, _AT_ONCE))]
            failures = [e for e in await asyncio.gather(*opening, return_exceptions=True) if e is not None]
            reached(Failpoint.HALF_INJECTED)
            for failure in failures:
                if not isinstance(failure, Exhausted):
                    raise failure
            if failures:
                return  # the server refuses clients: as full as can be

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        postgres = narrow(target, PostgresTarget)
        for session in self._held.pop(undo.tag, []):
            await session.close()
        reached(Failpoint.HALF_RECOVERED)
        await end_sessions(postgres, undo.tag)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        here = sum(not session.closed for session in self._held.get(undo.tag, []))
        return max(here, await narrow(target, PostgresTarget).count_sessions(undo.tag))

    async def _open_one(
        self, postgres: PostgresTarget, undo: UndoRecord, lifetime: timedelta, held: list[PostgresConnection]
    ) -> None:
        milliseconds = max(1, int(lifetime.total_seconds() * 1000))
        settings = {"idle_session_timeout": str(milliseconds)}
        held.append(await postgres.new_session(undo.tag, ordinary=True, settings=settings))
