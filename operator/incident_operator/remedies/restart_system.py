"""Restarts the system's process through its control endpoint, and waits until another one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy
from incident_operator.targets import Facility, Target, TargetError, Unreachable

_LONGEST = timedelta(seconds=30)
_PAUSE = timedelta(milliseconds=100)


class RestartSystem(Remedy):
    """Proven by an identity that changed: an endpoint that only says it restarted proves nothing."""

    type: ClassVar[ActionType] = ActionType.RESTART_SYSTEM
    system_type: ClassVar[SystemType | None] = None
    risk: ClassVar[Risk] = Risk.HIGH
    reversible: ClassVar[bool] = False
    needs: ClassVar[Facility | None] = Facility.CONTROL

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        try:
            return {"reachable": True, "identity": await target.identity()}
        except TargetError as error:  # a system that is down or full is what a restart is for
            return {"reachable": False, "identity": None, "reason": str(error)}

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        before = (await self.observe(target, params))["identity"]
        await target.control().restart()
        loop = asyncio.get_running_loop()
        started = loop.time()
        while loop.time() - started < _LONGEST.total_seconds():
            now = (await self.observe(target, params))["identity"]
            if now is not None and now != before:
                return f"restarted; it answers again after {loop.time() - started:.1f} s"
            await asyncio.sleep(_PAUSE.total_seconds())
        raise Unreachable(
            f"{target.access.address} did not come back as another process within {_LONGEST.total_seconds():g} s"
        )

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        if after.get("reachable") is not True:
            return f"the system does not answer after the restart: {after.get('reason') or 'no reason is known'}"
        if after.get("identity") is None or after.get("identity") == before.get("identity"):
            return "the same process as before answers, so nothing was restarted"
        return None
