"""What a person asks of an incident, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from incident_crds.incident import (
    Incident,
    IncidentPhase,
    IncidentStatus,
    Request,
    RequestAction,
    ResolvedReason,
)
from incident_operator.domain.approval import Refusal
from incident_operator.domain.history import compute_durations, may_move, with_entry, with_phase

HANDLED_LIMIT = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """The status after the request, and the refusal where it was refused."""

    status: IncidentStatus
    refusal: Refusal | None = None


def answer_request(incident: Incident, *, actor: str, is_healthy: bool, now: datetime) -> Answer | None:
    """Handle the incident's request, or None where there is no new one. Each id is handled once."""
    request = incident.spec.request
    handled = incident.status.handled_requests
    if request is None or request.id in handled:
        return None
    status = incident.status.model_copy(update={"handled_requests": [*handled, request.id][-HANDLED_LIMIT:]})
    if not actor:
        return Answer(status, Refusal("RequesterUnknown", "the request names nobody, so it was not carried out"))
    refusal = _refuse(incident, request, is_healthy=is_healthy)
    if refusal is not None:
        refused = with_entry(status, at=now, actor=actor, type="RequestRefused", detail=refusal.message)
        return Answer(refused, refusal)
    return Answer(_carry_out(status, request, actor=actor, now=now))


def _refuse(incident: Incident, request: Request, *, is_healthy: bool) -> Refusal | None:
    phase = incident.status.phase
    match request.action:
        case RequestAction.ACKNOWLEDGE:
            return None
        case RequestAction.FALSE_ALARM | RequestAction.MERGE:
            if phase is IncidentPhase.RESOLVED:
                return Refusal("AlreadyResolved", "the incident is resolved already; reopen it first")
            if request.merge_into == incident.metadata.name:
                return Refusal("MergeIntoItself", "an incident cannot be merged into itself")
            return None
        case RequestAction.REOPEN:
            return None if phase is IncidentPhase.RESOLVED else Refusal("NotResolved", "the incident is not resolved")
        case RequestAction.MOVE:
            wanted = request.phase or IncidentPhase.TRIAGE
            if wanted is phase:
                return None
            if not may_move(phase, wanted):
                return Refusal("MoveNotAllowed", f"an incident cannot go from {phase} to {wanted}")
            if wanted is IncidentPhase.RESOLVED and not is_healthy and not request.reason:
                return Refusal("ReasonNeeded", "its system is still unhealthy: resolving it needs a reason")
            return None
        case _:
            assert_never(request.action)


def _carry_out(status: IncidentStatus, request: Request, *, actor: str, now: datetime) -> IncidentStatus:
    match request.action:
        case RequestAction.ACKNOWLEDGE:
            done = with_entry(status, at=now, actor=actor, type="Acknowledged", detail=request.reason)
            return _acknowledged(done, now=now)
        case RequestAction.FALSE_ALARM:
            return resolve(status, ResolvedReason.FALSE_ALARM, request.reason or "a false alarm", actor=actor, now=now)
        case RequestAction.MERGE:
            merged = status.model_copy(update={"merged_into": request.merge_into or ""})
            text = f"merged into {request.merge_into}"
            return resolve(merged, ResolvedReason.MERGED_INTO, text, actor=actor, now=now)
        case RequestAction.REOPEN:
            return with_phase(
                status.model_copy(update={"reason": None}),
                IncidentPhase.INVESTIGATING,
                at=now,
                actor=actor,
                reason=request.reason or "reopened",
            )
        case RequestAction.MOVE:
            wanted = request.phase or IncidentPhase.TRIAGE
            if wanted is IncidentPhase.RESOLVED:
                reason = request.reason or "resolved by hand"
                return resolve(status, ResolvedReason.MANUAL_OVERRIDE, reason, actor=actor, now=now)
            moved = with_phase(
                status.model_copy(update={"reason": None}), wanted, at=now, actor=actor, reason=request.reason
            )
            return _acknowledged(moved, now=now)
        case _:
            assert_never(request.action)


def _acknowledged(status: IncidentStatus, *, now: datetime) -> IncidentStatus:
    if status.timestamps.acknowledged_at is not None:
        return status
    stamps = status.timestamps.model_copy(update={"acknowledged_at": now})
    return status.model_copy(update={"timestamps": stamps, "durations": compute_durations(stamps)})


def resolve(
    status: IncidentStatus, reason: ResolvedReason, message: str, *, actor: str, now: datetime
) -> IncidentStatus:
    """The status resolved for a reason, with its milestone and durations."""
    stamps = status.timestamps.model_copy(update={"resolved_at": now})
    resolved = with_phase(status, IncidentPhase.RESOLVED, at=now, actor=actor, reason=message)
    return resolved.model_copy(update={"reason": reason, "timestamps": stamps, "durations": compute_durations(stamps)})
