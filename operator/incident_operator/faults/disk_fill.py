"""Fills the disk with a real file that the agent removes by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import DiskFillFault
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault, fill_error
from incident_operator.targets import Target
from incident_operator.targets.base import narrow
from incident_operator.targets.disk import DiskTarget

_STEP_BYTES = 128 * 1024 * 1024
"""Written by one request, so that each ends in time and a cancelled fault stops soon."""


class DiskFill(Fault):
    """Used bytes grow to a share of the capacity, never past it."""

    type: ClassVar[FaultType] = FaultType.DISK_FILL
    system_type: ClassVar[SystemType | None] = SystemType.DISK
    signal: ClassVar[SignalName | None] = SignalName.USAGE
    acceptable_actions = frozenset({ActionType.DISK_CLEANUP})
    dead_man: ClassVar[str] = "The disk agent records when the file expires before it writes it, and removes it then."

    @override
    def fill_percent(self, spec: FaultSpec) -> int:
        return (spec.disk_fill or DiskFillFault()).fill_percent

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        return fill_error(self.fill_percent(spec), policy, "the capacity")

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"app-{tag_hash}.log", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        usage = await narrow(target, DiskTarget).usage()
        goal = max(usage.used_bytes, usage.total_bytes * self.fill_percent(spec) // 100)
        return f"its files would grow from {usage.used_bytes} to {goal} bytes, of {usage.total_bytes}"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        disk = narrow(target, DiskTarget)
        usage = await disk.usage()
        written = sum(f.bytes for f in await disk.largest_files(prefix=undo.tag) if f.path == undo.tag)
        missing = usage.total_bytes * self.fill_percent(spec) // 100 - usage.used_bytes
        goal = written + missing
        while missing > 0 and written < goal:
            written = await disk.fill(undo.tag, min(goal, written + _STEP_BYTES), lifetime)
            reached(Failpoint.HALF_INJECTED)

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        await narrow(target, DiskTarget).delete([undo.tag])
        reached(Failpoint.HALF_RECOVERED)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        return len(await narrow(target, DiskTarget).largest_files(prefix=undo.tag))
