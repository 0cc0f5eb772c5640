"""Ends the sessions at the head of the queues for locks, so that those who wait go on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.domain.evidence import Blocker
from incident_operator.remedies.base import Evidence, Remedy
from incident_operator.targets import Refused, Target
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_blockers import end_blockers, read_blocking

_BLOCKED_SECONDS = 2
"""A shorter wait for a lock is ordinary business; the probe of locks counts from there, too."""
_PAUSE = timedelta(milliseconds=100)
_PATIENCE = timedelta(seconds=1)
"""Time for the next in the queue, who has just got the lock and may be at work with it."""
_LONGEST = timedelta(seconds=10)


class PostgresTerminateBlockers(Remedy):
    """Only who is still at the head at a second look, as each who waited is there for a moment, too.

    Where the next in the queue gets stuck as well it is ended, too, for up to ten seconds in all.
    """

    type: ClassVar[ActionType] = ActionType.POSTGRES_TERMINATE_BLOCKERS
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    risk: ClassVar[Risk] = Risk.MEDIUM  # what the ended transactions did not commit is undone
    reversible: ClassVar[bool] = False

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        blocking = await read_blocking(narrow(target, PostgresTarget))
        blockers = _chosen(blocking.blockers, params)
        return {
            "blockedSessions": blocking.blocked,
            "blockers": len(blockers),
            "applications": ", ".join(sorted({repr(b.application_name) for b in blockers}))[:256],
            "sessions": " ".join(b.session for b in blockers),
        }

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        postgres = narrow(target, PostgresTarget)
        loop = asyncio.get_running_loop()
        deadline, patience = loop.time() + _LONGEST.total_seconds(), 0.0
        due: dict[str, float] = {}
        ended: set[str] = set()
        while (now := loop.time()) < deadline:
            heads = [b.session for b in _chosen((await read_blocking(postgres)).blockers, params)]
            if not heads:
                break
            if stuck := [session for session in heads if session in due and now >= due[session]]:
                await end_blockers(postgres, stuck)
                ended.update(stuck)
            for session in heads:
                due.setdefault(session, now + patience)
            patience = _PATIENCE.total_seconds()  # for those who come to the head from now on
            await asyncio.sleep(_PAUSE.total_seconds())
        return f"ended {len(ended)} sessions that others waited for"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        """Those seen before are gone. Others may be in their place: whether the harm is over, the signal tells."""
        was, now = before.get("sessions"), after.get("sessions")
        if not isinstance(was, str) or not isinstance(now, str):
            return "the blockers could not be read before and after, so nothing is proven"
        if not was:
            return "no session held up others, so nothing was done"
        left = set(was.split()) & set(now.split())
        return f"{len(left)} of {len(was.split())} blockers are still there" if left else None


def _chosen(blockers: tuple[Blocker, ...], params: ActionParams) -> list[Blocker]:
    """Those that the parameters mean."""
    name, seconds = params.application_name, params.min_blocked_seconds
    if name == OPERATOR_NAME:
        raise Refused(f"{OPERATOR_NAME} is the operator itself, whose sessions are never ended")
    least = _BLOCKED_SECONDS if seconds is None else seconds
    return [b for b in blockers if name in (None, b.application_name) and b.longest_wait >= least]
