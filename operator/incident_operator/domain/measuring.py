"""What an experiment's targets were before its fault, and what the fault did to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from incident_crds.chaosexperiment import Measurement
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Sample

MOST_MEASUREMENTS = 200
LEAST_EFFECT_TIME = timedelta(seconds=20)


def measure_baseline(samples: Iterable[Sample | None]) -> list[Measurement]:
    """Every signal of the targets, as last sampled."""
    found = [
        Measurement(system=sample.system, signal=s.name, health=s.health, at=sample.at)
        for sample in samples
        if sample is not None
        for s in sample.signals
    ]
    return found[:MOST_MEASUREMENTS]


def measure_effect(sample: Sample | None, policy: HealthPolicy, *, since: datetime) -> list[Measurement]:
    """The signals below the threshold in a sample that was taken since the fault began."""
    if sample is None or sample.at < since:
        return []
    return [
        Measurement(system=sample.system, signal=s.name, health=s.health, at=sample.at)
        for s in sample.signals
        if s.health is not None and s.health < policy.threshold_percent
    ]


def effect_due(policies: Sequence[HealthPolicy]) -> timedelta:
    """How long after its injection a fault must have shown: long enough for every target to be sampled in full."""
    needed = [timedelta(seconds=(p.breach_samples + 1) * p.interval_seconds + p.timeout_seconds) for p in policies]
    return max([LEAST_EFFECT_TIME, *needed])
