"""Kills the system's pod, and sees whether another takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
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
from incident_operator.targets import Facility, Refused, Target, TargetError, Unreachable

_GONE_WITHIN = timedelta(seconds=30)
_BACK_WITHIN = timedelta(seconds=60)
_LOOK_AGAIN = timedelta(milliseconds=50)


class PodKill(Fault):
    """The pod goes; Kubernetes starts another, with the same data."""

    type: ClassVar[FaultType] = FaultType.POD_KILL
    system_type: ClassVar[SystemType | None] = None
    signal: ClassVar[SignalName | None] = SignalName.REACHABLE
    acceptable_actions = frozenset({ActionType.RESTART_SYSTEM})
    dead_man: ClassVar[str] = "Kubernetes replaces the pod, whoever is there to see it."
    needs: ClassVar[Facility | None] = Facility.POD

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"pod-{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        return f"its pod would be deleted: {(await target.pod().describe()).text}"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        await target.pod().kill()
        reached(Failpoint.HALF_INJECTED)
        if not await _comes_true(lambda: _is_silent(target), _GONE_WITHIN):
            waited = f"{_GONE_WITHIN.total_seconds():g} s"
            raise Refused(f"the pod of {target.access.address} was deleted, and it still answers after {waited}")

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        pod = target.pod()
        if not await _comes_true(pod.ready_uid, _BACK_WITHIN):
            raise Unreachable(f"no other pod became ready: {(await pod.describe()).text}")

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        return 0 if await target.pod().ready_uid() else 1


async def _comes_true(look: Callable[[], Awaitable[object]], within: timedelta) -> bool:
    """Whether it does in time; nobody would tell us when."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within.total_seconds()
    while loop.time() < end:
        if await look():
            return True
        await asyncio.sleep(_LOOK_AGAIN.total_seconds())
    return False


async def _is_silent(target: Target) -> bool:
    try:
        await target.ping()
    except TargetError:
        return True
    return False
