"""What a fault is: recover is written first, and inject leaves only what recover finds by its tag."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.targets import Facility, Target


class Fault(ABC):
    """One kind of harm. May hold sockets, so it belongs to one event loop.

    All that it leaves on a target carries the undo record's tag. The record is stored before the
    first call of `inject`, and is all that `recover` and `residue` need. All raise TargetError.
    """

    type: ClassVar[FaultType]
    system_type: ClassVar[SystemType | None]
    """None: any system."""
    signal: ClassVar[SignalName | None]
    """The signal that it moves."""
    acceptable_actions: ClassVar[frozenset[ActionType]] = frozenset()
    """Actions that count as right when a run is graded."""
    dead_man: ClassVar[str]
    """What ends it when the operator never comes back."""
    needs: ClassVar[Facility | None] = None
    """What the system must have besides. Such a fault is undone without a connection to the system itself."""

    def fill_percent(self, spec: FaultSpec) -> int | None:
        """How far it fills, or None where there is nothing to fill."""
        return None

    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        """Why these parameters could not be noticed as a breach, for people; None when they can."""
        return None

    @abstractmethod
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        """What to store before the first side effect. Pure. `policy` tells what the system counts as harm."""

    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        """What `inject` would do now, for people, from reads alone; for a dry run. Refuses what `inject` would."""
        return f"{self.type} would be injected"

    @abstractmethod
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        """Do the harm. May be repeated, and may be cancelled or killed at any point."""

    async def keep(self, target: Target, undo: UndoRecord, lifetime: timedelta) -> None:
        """See that its dead-man is there still, and start it again where it is not.

        Called now and then while the fault is active, with the time that is left. Cheap; may be repeated.
        """
        return

    @abstractmethod
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        """Remove all that carries the tag. Works when `inject` half-failed or never ran; may be repeated."""

    @abstractmethod
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        """How many things with the tag a scan of the target finds, and how many this process holds."""


def fill_error(percent: int, policy: HealthPolicy, what: str) -> str | None:
    """Why a fill level would not bring health (100 - percent) below the threshold."""
    lowest = 101 - policy.threshold_percent
    if percent >= lowest:
        return None
    return (
        f"{percent} % of {what} leaves its health at {100 - percent} %, which is not below the system's threshold "
        f"of {policy.threshold_percent} %; set it to {lowest} or more"
    )
