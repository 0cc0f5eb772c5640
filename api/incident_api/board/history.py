"""How each signal went lately, for sparklines. Told by the status writes that come by; no clock, no I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incident_api.board.scope import Scope, Topic
from incident_crds.catalogue import SignalName
from incident_crds.mocksystem import MockSystem

SPAN = timedelta(minutes=15)
MOST_POINTS = 240
"""Of one signal."""

Point = tuple[datetime, int | None]
"""When it was measured, and its health; None where nothing could be."""


@dataclass(slots=True)
class _System:
    namespace: str
    signals: dict[SignalName, deque[Point]] = field(default_factory=dict)


class History:
    """Of every system that is there, and no other."""

    def __init__(self) -> None:
        self._systems: dict[str, _System] = {}

    def note(self, system: MockSystem) -> None:
        """What the status says, at the time of its measurement; a later write may correct the same measurement."""
        kept = self._systems.setdefault(system.metadata.uid, _System(system.metadata.namespace))
        at = system.status.last_probe_time
        if at is None:
            return
        for signal in system.status.signals:
            points = kept.signals.setdefault(signal.name, deque(maxlen=MOST_POINTS))
            while points and points[-1][0] >= at:  # written again, or a clock that was put back
                points.pop()
            points.append((at, signal.health))
        for name, points in list(kept.signals.items()):
            while points and points[0][0] < at - SPAN:
                points.popleft()
            if not points:
                del kept.signals[name]

    def forget(self, uid: str) -> None:
        """The system was deleted."""
        self._systems.pop(uid, None)

    def read(self, scope: Scope, now: datetime) -> dict[str, dict[SignalName, list[Point]]]:
        """By system's id and signal, oldest first; of the systems that the scope may see."""
        since = now - SPAN
        return {
            uid: {
                name: shown for name, points in kept.signals.items() if (shown := [p for p in points if p[0] >= since])
            }
            for uid, kept in self._systems.items()
            if scope.sees(Topic.SYSTEM, kept.namespace)
        }
