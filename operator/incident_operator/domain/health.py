"""A MockSystem's status from a sample, and when it is worth a write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from incident_crds.base import GROUP, set_condition
from incident_crds.mocksystem import (
    Breach,
    Capabilities,
    MockSystem,
    MockSystemStatus,
    SignalStatus,
    SystemPhase,
    WorkloadStatus,
)
from incident_operator.domain.conditions import system_conditions
from incident_operator.domain.sample import Sample

REFRESH = timedelta(seconds=30)
MOST_INCIDENTS = 32
"""Named in a status; the count tells of all."""
SYSTEM_LABEL = f"{GROUP}/system"


def system_labels(system: str) -> dict[str, str]:
    """The label that ties an incident to its system; names too long for a label go without."""
    return {SYSTEM_LABEL: system} if len(system) <= 63 else {}


def pending_status(system: MockSystem, problem: str, pod: WorkloadStatus | None, *, now: datetime) -> MockSystemStatus:
    """The status of a system that cannot be watched at all. `pod`: of one that the operator creates."""
    generation = system.metadata.generation
    conditions = set_condition(
        system.status.conditions,
        "Ready",
        False,
        reason=(pod.reason if pod else "") or "NotWatched",
        message=problem,
        now=now,
        generation=generation,
    )
    return system.status.model_copy(
        update={
            "phase": SystemPhase.PENDING,
            "message": problem[:4096],
            "workload": pod or system.status.workload,
            "conditions": conditions,
            "observed_generation": generation,
        }
    )


def measured_status(
    system: MockSystem,
    sample: Sample,
    *,
    breaches: Sequence[Breach],
    open_incidents: Sequence[str],
    capabilities: Capabilities,
    seeded: bool,
    problem: str,
    pod: WorkloadStatus | None,
    now: datetime,
) -> MockSystemStatus:
    """The status that the sample gives the system. `problem`: what else keeps it from being used, if anything."""
    generation = system.metadata.generation
    phase = SystemPhase.READY if sample.reachable else SystemPhase.UNREACHABLE
    worst = min(sample.signals, key=lambda s: 101 if s.health is None else s.health, default=None)
    if not sample.reachable:
        problem = worst.message if worst else "it does not answer"
        if pod is not None and pod.reason:
            problem = f"{problem}; its pod is {pod.reason}: {pod.message}"[:4096]
    conditions = system_conditions(
        system.status.conditions,
        reachable=sample.reachable,
        healthy=None if sample.health is None else sample.health >= system.spec.health.threshold_percent,
        problem=problem,
        worst=f"{worst.name}: {worst.message}" if worst else "",
        generation=generation,
        now=now,
    )
    return system.status.model_copy(
        update={
            "phase": phase,
            "health": sample.health,
            "signals": [
                SignalStatus(name=s.name, health=s.health, message=s.message[:256], metrics=dict(s.metrics))
                for s in sorted(sample.signals, key=lambda s: s.name)
            ],
            "breaches": list(breaches),
            "capabilities": capabilities,
            "open_incidents": list(open_incidents)[:MOST_INCIDENTS],
            "open_incident_count": len(open_incidents),
            "seeded": seeded,
            "workload": pod,
            "capacity_enforced_by": next((s.enforced_by for s in sample.signals if s.enforced_by), ""),
            "message": problem,
            "last_probe_time": sample.at,
            "observed_generation": generation,
            "conditions": conditions,
        }
    )


def is_worth_writing(system: MockSystem, new: MockSystemStatus, *, now: datetime) -> bool:
    """Whether something changed that matters: a point of health, a phase, an incident, or half a minute."""
    old = system.status
    if old.last_probe_time is None or now - old.last_probe_time >= REFRESH:
        return True
    same_signals = [(s.name, s.health) for s in old.signals] == [(s.name, s.health) for s in new.signals]
    return not (
        same_signals
        and old.phase == new.phase
        and old.open_incidents == new.open_incidents
        and old.capabilities == new.capabilities
        and old.seeded == new.seeded
        and old.message == new.message
        and old.workload == new.workload
        and old.capacity_enforced_by == new.capacity_enforced_by
        and old.observed_generation == new.observed_generation
    )
