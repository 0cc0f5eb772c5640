"""The control: nothing is broken, so nothing may be noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.base import Fault
from incident_operator.targets import Target


class NoFault(Fault):
    """Goes the same way as any other, and touches nothing."""

    type: ClassVar[FaultType] = FaultType.NONE
    system_type: ClassVar[SystemType | None] = None
    signal: ClassVar[SignalName | None] = None
    dead_man: ClassVar[str] = "Nothing is left, so nothing has to end."

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"none-{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        return "nothing would be done"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        return

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        return

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        return 0
