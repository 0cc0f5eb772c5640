"""Stops the system's process; its control endpoint starts it again by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault
from incident_operator.targets import Facility, Target, Unreachable

_BACK_WITHIN = timedelta(seconds=30)
_LOOK_AGAIN = timedelta(milliseconds=200)


class SystemDown(Fault):
    """Nothing answers at the system's address until the process is started again."""

    type: ClassVar[FaultType] = FaultType.SYSTEM_DOWN
    system_type: ClassVar[SystemType | None] = None
    signal: ClassVar[SignalName | None] = SignalName.REACHABLE
    acceptable_actions = frozenset({ActionType.RESTART_SYSTEM})
    dead_man: ClassVar[str] = "The control endpoint notes when the stop ends before it stops the process, and ends it."
    needs: ClassVar[Facility | None] = Facility.CONTROL

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"maintenance-{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        is_running = (await target.control().state()).running
        return f"its process, which {'runs' if is_running else 'does not run'} now, would be stopped"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        await target.control().stop(lifetime, undo.tag)
        reached(Failpoint.HALF_INJECTED)

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        if not await self.residue(target, undo):
            return
        await target.control().start()
        reached(Failpoint.HALF_RECOVERED)
        await _wait_until_back(target)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        return int((await target.control().state()).stop_tag == undo.tag)


async def _wait_until_back(target: Target) -> None:
    """Until it answers: a process that is starting is not yet what was there before. Raises TargetError."""
    try:
        async with asyncio.timeout(_BACK_WITHIN.total_seconds()):
            while True:
                try:
                    return await target.open()
                except Unreachable:
                    await asyncio.sleep(_LOOK_AGAIN.total_seconds())
    except TimeoutError:
        waited = f"{_BACK_WITHIN.total_seconds():g} s"
        raise Unreachable(f"{target.access.address} was started, and does not answer after {waited}") from None
