"""The latest samples of every system, and who wants to know of new ones."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from incident_crds.catalogue import SignalName
from incident_operator.cluster.store import Key
from incident_operator.domain.sample import Sample, Signal

KEPT = 300
"""Samples a system: five minutes at one a second."""


class Samples:
    """A bounded history a system, oldest first."""

    def __init__(self) -> None:
        self._history: dict[Key, deque[Sample]] = {}

    def add(self, sample: Sample) -> None:
        self._history.setdefault((sample.namespace, sample.system), deque(maxlen=KEPT)).append(sample)

    def forget(self, key: Key) -> None:
        self._history.pop(key, None)

    def latest(self, key: Key) -> Sample | None:
        history = self._history.get(key)
        return history[-1] if history else None

    def since(self, key: Key, at: datetime) -> list[Sample]:
        """Samples taken at or after a time, oldest first."""
        return [s for s in self._history.get(key, ()) if s.at >= at]

    def health(self, key: Key, signal: SignalName) -> list[Signal]:
        """One signal's history, oldest first."""
        found = (s.signal(signal) for s in self._history.get(key, ()))
        return [s for s in found if s is not None]
