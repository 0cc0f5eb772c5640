"""What a person asks of an incident, and what becomes of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from incident_crds.incident import (
    Incident,
    IncidentPhase,
    IncidentStatus,
    RefusedRequest,
    RemediationMode,
    Request,
    RequestAction,
    ResolvedReason,
    Timestamps,
)
from incident_operator.domain.approval import Refusal
from incident_operator.domain.history import compute_durations, may_move, with_entry, with_phase

HANDLED_LIMIT = 32
EARLIER_LIMIT = 10
_ALREADY_RESOLVED = Refusal("AlreadyResolved", "the incident is resolved already; reopen it first")
_REASON_NEEDED = Refusal("ReasonNeeded", "its system is still unhealthy: resolving it needs a reason")


@dataclass(frozen=True, slots=True)
class Answer:
    """The status after the request, and the refusal where it was refused."""

    status: IncidentStatus
    refusal: Refusal | None = None


def answer_request(
    incident: Incident,
    *,
    actor: str,
    is_healthy: bool,
    others: Collection[str],
    open_plan: str | None = None,
    rival: str | None = None,
    now: datetime,
) -> Answer | None:
    """Handle the incident's request, or None where there is no new one. Each id is handled once.

    `others` are the open incidents of the namespace, by name: one can be merged into those. `open_plan` is the
    plan that goes on, which another would have to wait for. `rival` is open for the same signal of the same system.
    """
    request = incident.spec.request
    handled = incident.status.handled_requests
    if request is None or request.id in handled:
        return None
    status = incident.status.model_copy(update={"handled_requests": [*handled, request.id][-HANDLED_LIMIT:]})
    if not actor:
        nobody = Refusal("RequesterUnknown", "the request names nobody, so it was not carried out")
        return Answer(_refused(status, request, nobody, now=now), nobody)
    refusal = _refuse(incident, request, is_healthy=is_healthy, others=others)
    if refusal is None and rival is not None and _opens_again(incident, request):
        text = f"{rival} is open for the same signal of the same system: go on there, or resolve it first"
        refusal = Refusal("SignalHasIncident", text)
    if refusal is None and request.action is RequestAction.PROPOSE and open_plan is not None:
        refusal = Refusal("PlanOpen", f"plan {open_plan} is not over: decide on it first, or wait for its end")
    if refusal is not None:
        status = with_entry(status, at=now, actor=actor, type="RequestRefused", detail=refusal.message)
        return Answer(_refused(status, request, refusal, now=now), refusal)
    return Answer(_carry_out(status, request, actor=actor, now=now))


def _opens_again(incident: Incident, request: Request) -> bool:
    if incident.status.phase is not IncidentPhase.RESOLVED:
        return False
    is_moved = request.action is RequestAction.MOVE and request.phase is not IncidentPhase.RESOLVED
    return is_moved or request.action is RequestAction.REOPEN


def _refused(status: IncidentStatus, request: Request, refusal: Refusal, *, now: datetime) -> IncidentStatus:
    refused = RefusedRequest(id=request.id, reason=refusal.reason, message=refusal.message, at=now)
    return status.model_copy(update={"refused_request": refused})


def _refuse(incident: Incident, request: Request, *, is_healthy: bool, others: Collection[str]) -> Refusal | None:
    phase = incident.status.phase
    match request.action:
        case RequestAction.ACKNOWLEDGE:
            return None
        case RequestAction.FALSE_ALARM:
            if phase is IncidentPhase.RESOLVED:
                return _ALREADY_RESOLVED
            return None if is_healthy or request.reason else _REASON_NEEDED
        case RequestAction.MERGE:
            if phase is IncidentPhase.RESOLVED:
                return _ALREADY_RESOLVED
            if request.merge_into == incident.metadata.name:
                return Refusal("MergeIntoItself", "an incident cannot be merged into itself")
            if request.merge_into not in others:
                return Refusal("MergeTargetNotFound", f"there is no open incident {request.merge_into} here")
            return None
        case RequestAction.DIAGNOSE | RequestAction.PROPOSE:
            return _refuse_work(incident, request)
        case RequestAction.REOPEN:
            return None if phase is IncidentPhase.RESOLVED else Refusal("NotResolved", "the incident is not resolved")
        case RequestAction.MOVE:
            wanted = request.phase or IncidentPhase.TRIAGE
            if wanted is phase:
                return None
            if not may_move(phase, wanted):
                return Refusal("MoveNotAllowed", f"an incident cannot go from {phase} to {wanted}")
            if wanted is IncidentPhase.RESOLVED and not is_healthy and not request.reason:
                return _REASON_NEEDED
            return None
        case _:
            assert_never(request.action)


def _refuse_work(incident: Incident, request: Request) -> Refusal | None:
    """Why the agent may not be asked to diagnose or to propose."""
    if incident.status.phase is IncidentPhase.RESOLVED:
        return _ALREADY_RESOLVED
    if request.action is RequestAction.DIAGNOSE:
        return None
    if not incident.status.actionable:
        return Refusal("NotActionable", "the incident is not about a real, known system")
    mode = incident.spec.remediation_mode
    if mode is not RemediationMode.AUTOMATED:
        return Refusal("ModeForbids", f"the incident's remediation mode is {mode}: set it to Automated first")
    return None


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
        case RequestAction.DIAGNOSE:
            asked = with_entry(status, at=now, actor=actor, type="DiagnosisAsked", detail=request.reason)
            return _calmed(asked).model_copy(update={"diagnosis_asked_at": now})
        case RequestAction.PROPOSE:
            asked = with_entry(status, at=now, actor=actor, type="ProposalAsked", detail=request.reason)
            return _calmed(asked).model_copy(update={"proposal_asked_at": now})
        case RequestAction.REOPEN:
            return reopen(status, began=now, actor=actor, why=request.reason or "reopened", now=now)
        case RequestAction.MOVE:
            wanted = request.phase or IncidentPhase.TRIAGE
            if wanted is IncidentPhase.RESOLVED:
                reason = request.reason or "resolved by hand"
                return resolve(status, ResolvedReason.MANUAL_OVERRIDE, reason, actor=actor, now=now)
            if status.phase is IncidentPhase.RESOLVED:
                return reopen(status, began=now, actor=actor, why=request.reason or "reopened", now=now)
            moved = with_phase(status, wanted, at=now, actor=actor, reason=request.reason)
            return _acknowledged(moved, now=now)
        case _:
            assert_never(request.action)


def reopen(status: IncidentStatus, *, began: datetime, actor: str, why: str, now: datetime) -> IncidentStatus:
    """As if new, but for its number, its story and its count of occurrences. `began`: when the harm began again."""
    moved = with_phase(
        status.model_copy(update={"reason": None, "merged_into": ""}),
        IncidentPhase.INVESTIGATING,
        at=now,
        actor=actor,
        reason=why,
    )
    stamps = Timestamps(breached_at=began, detected_at=now)
    return _calmed(moved).model_copy(
        update={
            "diagnosis": None,
            "evidence": None,
            "timestamps": stamps,
            "earlier_timestamps": [*status.earlier_timestamps, status.timestamps][-EARLIER_LIMIT:],
            "durations": compute_durations(stamps),
            "occurrences": status.occurrences + 1,
        }
    )


def _calmed(status: IncidentStatus) -> IncidentStatus:
    """No person is called any more: one is here."""
    return status.model_copy(update={"conditions": [c for c in status.conditions if c.type != "Escalated"]})


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
