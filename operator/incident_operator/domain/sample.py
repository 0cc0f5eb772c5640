"""What a probe measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from incident_crds.catalogue import SignalName


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured signal: health 0..100, or None while it cannot be known."""

    name: SignalName
    health: int | None
    message: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    enforced_by: str = ""
    """What keeps the measured thing within its limit, where that is worth telling."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All signals of one system at one moment. An unreachable system has the one signal `reachable` at 0."""

    namespace: str
    system: str
    uid: str
    at: datetime
    signals: tuple[Signal, ...]
    reachable: bool = True

    @property
    def health(self) -> int | None:
        """The lowest known signal."""
        return min((s.health for s in self.signals if s.health is not None), default=None)

    def signal(self, name: SignalName) -> Signal | None:
        return next((s for s in self.signals if s.name == name), None)


def clamp_health(value: float) -> int:
    """A health formula's value as 0..100, rounded down so that a breach is never rounded away."""
    return max(0, min(100, int(value)))
