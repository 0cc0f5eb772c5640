"""The faults and remedies that this operator can carry out."""

from __future__ import annotations

from collections.abc import Collection

from incident_crds.catalogue import ActionType, FaultType, Risk, SystemType
from incident_operator.faults.base import Fault
from incident_operator.faults.registry import build_faults
from incident_operator.remedies.base import Remedy
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import Facility


class Faults:
    """Every fault, one instance each: they hold sockets."""

    def __init__(self) -> None:
        self._faults = build_faults()

    def get(self, type: FaultType) -> Fault:
        return self._faults[type]

    def fitting(self, system_type: SystemType, facilities: Collection[Facility]) -> list[FaultType]:
        """The faults that a system of this type, with these facilities, can suffer, sorted."""
        return sorted(t for t, fault in self._faults.items() if _fits(fault, system_type, facilities))


class Remedies:
    """Every remedy of the closed catalogue."""

    def __init__(self) -> None:
        self._remedies = REMEDIES

    def get(self, type: ActionType) -> Remedy:
        return self._remedies[type]

    def fitting(self, system_type: SystemType, facilities: Collection[Facility]) -> list[ActionType]:
        """The actions that can be taken on a system of this type, with these facilities, sorted."""
        return sorted(type for type, remedy in self._remedies.items() if _fits(remedy, system_type, facilities))

    def risks(self) -> dict[ActionType, Risk]:
        """What each action may cost."""
        return {type: remedy.risk for type, remedy in self._remedies.items()}

    def reversible(self) -> frozenset[ActionType]:
        """The actions that can be taken back."""
        return frozenset(type for type, remedy in self._remedies.items() if remedy.reversible)


def _fits(found: Fault | Remedy, system_type: SystemType, facilities: Collection[Facility]) -> bool:
    return found.system_type in (None, system_type) and (found.needs is None or found.needs in facilities)
