"""Which signals are breached, from samples; and what that changes in what is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_crds.catalogue import SignalName
from incident_crds.mocksystem import Breach, HealthPolicy
from incident_operator.domain.sample import Sample

SECONDARY_SIGNALS = frozenset({SignalName.CANARY, SignalName.LATENCY, SignalName.REACHABLE})
"""Symptoms that any fault can cause: they join the system's open incident where there is one."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Samples in a row on one side of the threshold."""

    below: bool
    count: int
    since: datetime


class BreachTracker:
    """Follows one system's samples. What is on record at the start counts as breached until samples say otherwise."""

    def __init__(self, recorded: Sequence[Breach]) -> None:
        self._streaks: dict[SignalName, Streak] = {}
        self._active: dict[SignalName, datetime] = {
            b.signal: b.breached_at for b in recorded if b.breached_at and b.ended_at is None
        }

    @property
    def active(self) -> Mapping[SignalName, datetime]:
        """Breached signals and when each breach began."""
        return self._active

    def observe(self, sample: Sample, policy: HealthPolicy) -> None:
        """Take one sample. A signal that cannot be known leaves its streak as it was."""
        for name, health in self._health_by_signal(sample).items():
            below = health < policy.threshold_percent
            streak = self._streaks.get(name)
            if streak is None or streak.below != below:
                streak = Streak(below, 1, sample.at)
            else:
                streak = Streak(below, streak.count + 1, streak.since)
            self._streaks[name] = streak
            if below and streak.count >= policy.breach_samples:
                self._active.setdefault(name, streak.since)
            elif not below and streak.count >= policy.recover_samples:
                self._active.pop(name, None)

    @staticmethod
    def _health_by_signal(sample: Sample) -> dict[SignalName, int]:
        known = {s.name: s.health for s in sample.signals if s.health is not None}
        if sample.reachable:
            known[SignalName.REACHABLE] = 100
        return known


@dataclass(frozen=True, slots=True)
class BreachChange:
    """The record as it should be, and what is new in it."""

    breaches: tuple[Breach, ...]
    started: tuple[SignalName, ...]
    ended: tuple[SignalName, ...]

    @property
    def is_empty(self) -> bool:
        return not self.started and not self.ended


def decide_breach_change(
    recorded: Sequence[Breach], active: Mapping[SignalName, datetime], *, now: datetime
) -> BreachChange:
    """Compare the record with what is breached. New breaches carry the next number and no incident yet."""
    by_signal = {b.signal: b for b in recorded}
    ended = tuple(sorted(b.signal for b in recorded if b.ended_at is None and b.signal not in active))
    for name in ended:
        by_signal[name] = by_signal[name].model_copy(update={"ended_at": now})
    new = {s for s in active if s not in by_signal or by_signal[s].ended_at is not None}
    started = tuple(sorted(new, key=lambda s: (s in SECONDARY_SIGNALS, s)))
    for name in started:
        previous = by_signal.get(name, Breach(signal=name, number=0))
        by_signal[name] = Breach(
            signal=name,
            number=previous.number + 1,
            breached_at=active[name],
            incident=previous.incident,
            owner=previous.owner,
        )
    return BreachChange(tuple(by_signal[s] for s in sorted(by_signal)), started, ended)
