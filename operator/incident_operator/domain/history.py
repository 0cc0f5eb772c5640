"""An incident's moves, milestones and timeline, as values."""

from __future__ import annotations

from datetime import datetime

from incident_crds.incident import (
    MOVES,
    IncidentDurations,
    IncidentPhase,
    IncidentStatus,
    StatusChange,
    TimelineEntry,
    Timestamps,
)

TIMELINE_LIMIT = 200
HISTORY_LIMIT = 100
OPERATOR = "operator"


def may_move(current: IncidentPhase | None, wanted: IncidentPhase) -> bool:
    """Whether the table allows the move."""
    return wanted in MOVES[current]


def with_entry(status: IncidentStatus, *, at: datetime, actor: str, type: str, detail: str) -> IncidentStatus:
    """The status with one more timeline entry; the oldest go when it is full."""
    entry = TimelineEntry(at=at, actor=actor, type=type, detail=detail[:4096])
    return status.model_copy(update={"timeline": [*status.timeline, entry][-TIMELINE_LIMIT:]})


def with_phase(
    status: IncidentStatus, phase: IncidentPhase, *, at: datetime, actor: str, reason: str
) -> IncidentStatus:
    """The status moved to a column, with the move in its history and timeline. The same column changes nothing."""
    if status.phase == phase:
        return status
    change = StatusChange(from_=status.phase, to=phase, at=at, actor=actor, reason=reason)
    moved = status.model_copy(
        update={"phase": phase, "status_history": [*status.status_history, change][-HISTORY_LIMIT:]}
    )
    return with_entry(moved, at=at, actor=actor, type=f"Moved{phase}", detail=reason)


def compute_durations(t: Timestamps) -> IncidentDurations:
    """Seconds between milestones that were both reached; never negative, as clocks may step back."""
    return IncidentDurations(
        detect=seconds_between(t.breached_at, t.detected_at),
        acknowledge=seconds_between(t.detected_at, t.acknowledged_at),
        diagnose=seconds_between(t.detected_at, t.diagnosed_at),
        approve=seconds_between(t.plan_proposed_at, t.approved_at),
        resolve=seconds_between(t.breached_at, t.resolved_at),
    )


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds to the millisecond, or None where either is missing."""
    if start is None or end is None:
        return None
    return round(max(0.0, (end - start).total_seconds()), 3)
