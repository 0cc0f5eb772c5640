"""The latest samples of every system, and who wants to know of new ones."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from incident_operator.cluster.store import Key
from incident_operator.domain.sample import Sample

KEPT_FOR = timedelta(seconds=660)
"""Longer than the longest hold window: what is forgotten cannot prove anything."""
MOST_KEPT = 1000


class Samples:
    """A bounded history a system, oldest first."""

    def __init__(self) -> None:
        self._history: dict[Key, deque[Sample]] = {}

    def add(self, sample: Sample) -> None:
        history = self._history.setdefault((sample.namespace, sample.system), deque(maxlen=MOST_KEPT))
        history.append(sample)
        while history[0].at < sample.at - KEPT_FOR:
            history.popleft()

    def forget(self, key: Key) -> None:
        self._history.pop(key, None)

    def latest(self, key: Key) -> Sample | None:
        history = self._history.get(key)
        return history[-1] if history else None

    def since(self, key: Key, at: datetime) -> list[Sample]:
        """Samples taken at or after a time, oldest first."""
        return [s for s in self._history.get(key, ()) if s.at >= at]
