"""What a person asks of an incident, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from incident_crds.base import Condition
from incident_crds.diagnosis import EvidenceDocument
from incident_crds.incident import (
    Incident,
    IncidentPhase,
    RemediationMode,
    Request,
    RequestAction,
    ResolvedReason,
    Timestamps,
)
from incident_crds.remediationplan import PlanPhase
from incident_operator.domain.history import may_move
from incident_operator.domain.incidents import decide_resolution
from incident_operator.domain.planning import wants_diagnosis
from incident_operator.domain.requests import answer_request

from .factories import NOW, at, incident, plan
from .test_grading import diagnosed
from .test_lifecycle import breach
from .test_planning import next_step


def asked(action: RequestAction, **fields: Any) -> Any:
    made = incident()
    request = Request(id="r1", action=action, **fields)
    return made.model_copy(update={"spec": made.spec.model_copy(update={"request": request})})


def test_resolving_an_unhealthy_system_needs_a_reason() -> None:
    move = asked(RequestAction.MOVE, phase=IncidentPhase.RESOLVED)
    answer = answer_request(move, actor="sre", is_healthy=False, others=(), now=NOW)
    assert answer is not None
    assert answer.refusal is not None
    assert answer.status.phase is IncidentPhase.INVESTIGATING
    why = asked(RequestAction.MOVE, phase=IncidentPhase.RESOLVED, reason="known maintenance")
    answer = answer_request(why, actor="sre", is_healthy=False, others=(), now=NOW)
    assert answer is not None
    assert (answer.refusal, answer.status.reason) == (None, ResolvedReason.MANUAL_OVERRIDE)


def test_a_request_is_handled_once_and_never_for_nobody() -> None:
    move = asked(RequestAction.ACKNOWLEDGE)
    answer = answer_request(move, actor="sre", is_healthy=False, others=(), now=NOW)
    assert answer is not None
    assert answer.status.timestamps.acknowledged_at == NOW
    again = move.model_copy(update={"status": answer.status})
    assert answer_request(again, actor="sre", is_healthy=False, others=(), now=at(1)) is None
    other = again.model_copy(deep=True)
    other.spec.request = Request(id="r2", action=RequestAction.ACKNOWLEDGE)
    later = answer_request(other, actor="sre", is_healthy=False, others=(), now=at(2))
    assert later is not None
    stale = move.model_copy(update={"status": later.status})
    assert answer_request(stale, actor="sre", is_healthy=False, others=(), now=at(3)) is None, (
        "an old request came back"
    )
    nobody = answer_request(move, actor="", is_healthy=False, others=(), now=NOW)
    assert nobody is not None
    assert nobody.refusal is not None


@pytest.mark.parametrize(
    ("actor", "merge_into", "reason"),
    [
        ("", "other", "RequesterUnknown"),
        ("sre", "nowhere", "MergeTargetNotFound"),
        ("sre", "x" * 253, "MergeTargetNotFound"),
    ],
)
def test_a_refusal_stays_on_record_until_the_next(actor: str, merge_into: str, reason: str) -> None:
    merge = asked(RequestAction.MERGE, merge_into=merge_into)
    answer = answer_request(merge, actor=actor, is_healthy=True, others={"other"}, now=NOW)
    assert answer is not None
    assert answer.refusal is not None
    refused = answer.status.refused_request
    assert refused is not None
    assert (refused.id, refused.reason, refused.at) == ("r1", reason, NOW)
    assert refused.message == answer.refusal.message
    assert answer.status.handled_requests == ["r1"]

    merge = merge.model_copy(update={"status": answer.status})
    assert answer_request(merge, actor="sre", is_healthy=True, others={"other"}, now=at(1)) is None
    merge.spec.request = Request(id="r2", action=RequestAction.ACKNOWLEDGE)
    carried_out = answer_request(merge, actor="sre", is_healthy=True, others=(), now=at(2))
    assert carried_out is not None
    assert (carried_out.status.refused_request, carried_out.status.handled_requests) == (refused, ["r1", "r2"])
    merge = merge.model_copy(update={"status": carried_out.status})
    merge.spec.request = Request(id="r3", action=RequestAction.REOPEN)
    again = answer_request(merge, actor="sre", is_healthy=True, others=(), now=at(3))
    assert again is not None
    assert again.status.refused_request is not None
    assert (again.status.refused_request.id, again.status.refused_request.reason) == ("r3", "NotResolved")


def test_what_a_person_opens_again_is_not_resolved_for_what_was_over_before() -> None:
    resolved = incident(
        phase=IncidentPhase.RESOLVED,
        reason=ResolvedReason.VERIFIED,
        timestamps=Timestamps(detected_at=NOW, resolved_at=at(9)),
    )
    reopening = resolved.model_copy(
        update={"spec": resolved.spec.model_copy(update={"request": Request(id="r", action=RequestAction.REOPEN)})}
    )
    answer = answer_request(reopening, actor="sre", is_healthy=True, others=(), now=at(20))
    assert answer is not None
    assert (answer.status.phase, answer.status.timestamps.resolved_at) == (IncidentPhase.INVESTIGATING, None)
    again = reopening.model_copy(update={"status": answer.status})
    assert decide_resolution(again, [breach(True)], []) is None
    later = breach(True).model_copy(update={"ended_at": at(30)})
    assert decide_resolution(again, [later], []) is not None


@pytest.mark.parametrize(
    ("fields", "healthy", "reason"),
    [
        ({"action": RequestAction.FALSE_ALARM}, False, "ReasonNeeded"),
        ({"action": RequestAction.FALSE_ALARM, "reason": "a test"}, False, None),
        ({"action": RequestAction.FALSE_ALARM}, True, None),
        ({"action": RequestAction.MERGE, "merge_into": "nowhere"}, True, "MergeTargetNotFound"),
        ({"action": RequestAction.MERGE, "merge_into": "redis-test-memory-1"}, True, "MergeIntoItself"),
        ({"action": RequestAction.MERGE, "merge_into": "other"}, True, None),
    ],
)
def test_what_ends_an_incident_without_a_fix_is_looked_at(
    fields: dict[str, Any], healthy: bool, reason: str | None
) -> None:
    answer = answer_request(asked(**fields), actor="sre", is_healthy=healthy, others={"other"}, now=NOW)
    assert answer is not None
    assert (answer.refusal.reason if answer.refusal else None) == reason
    assert (answer.status.phase is IncidentPhase.RESOLVED) == (reason is None)


def in_mode(mode: str, made: Incident) -> Incident:
    return made.model_copy(update={"spec": made.spec.model_copy(update={"remediation_mode": RemediationMode(mode)})})


@pytest.mark.parametrize(
    ("mode", "asked", "due"),
    [("Automated", None, True), ("Advisory", None, True), ("Manual", None, False), ("Manual", NOW, True)],
)
def test_manual_means_nothing_unasked(mode: str, asked: datetime | None, due: bool) -> None:
    assert wants_diagnosis(in_mode(mode, incident(diagnosis_asked_at=asked))) is due


@pytest.mark.parametrize("mode", ["Advisory", "Manual"])
def test_only_an_automated_incident_gets_a_plan(mode: str) -> None:
    known = in_mode(mode, incident(diagnosis=diagnosed()))
    assert next_step(known, [], now=NOW).propose_attempt is None
    request = in_mode(mode, asked(RequestAction.PROPOSE))
    answer = answer_request(request, actor="sre", is_healthy=False, others=(), now=NOW)
    assert answer is not None
    assert answer.refusal is not None
    assert answer.refusal.reason == "ModeForbids"


def test_no_other_plan_is_asked_for_while_one_goes_on() -> None:
    made = asked(RequestAction.PROPOSE)
    answer = answer_request(made, actor="sre", is_healthy=False, others=(), open_plan="plan-1", now=NOW)
    assert answer is not None
    assert answer.refusal is not None
    assert (answer.refusal.reason, "plan-1" in answer.refusal.message) == ("PlanOpen", True)
    assert answer.status.proposal_asked_at is None


def test_a_person_who_asks_gets_another_plan_after_a_rejection() -> None:
    said_no = Condition(type="Approved", status="False", reason="Rejected", last_transition_time=at(4.9))
    rejected = plan(phase=PlanPhase.REJECTED, conditions=[said_no])
    made = asked(RequestAction.PROPOSE)
    made = made.model_copy(update={"status": made.status.model_copy(update={"diagnosis": diagnosed()})})
    assert next_step(made, [rejected], now=at(5)).propose_attempt is None
    answer = answer_request(made, actor="sre", is_healthy=False, others=(), now=at(5))
    assert answer is not None
    step = next_step(made.model_copy(update={"status": answer.status}), [rejected], now=at(6))
    assert step.propose_attempt == 2


def test_a_person_who_asks_gets_another_diagnosis() -> None:
    """The old one stands until the new one is there."""
    made = asked(RequestAction.DIAGNOSE)
    evidence = EvidenceDocument(system="redis-test", threshold_percent=50, collected_at=at(1))
    known = made.status.model_copy(update={"diagnosis": diagnosed(), "evidence": evidence})
    made = made.model_copy(update={"status": known})
    assert not wants_diagnosis(made)
    answer = answer_request(made, actor="sre", is_healthy=False, others=(), now=at(5))
    assert answer is not None
    assert answer.status.diagnosis is not None
    assert wants_diagnosis(made.model_copy(update={"status": answer.status}))
    newer = evidence.model_copy(update={"collected_at": at(6)})
    assert not wants_diagnosis(made.model_copy(update={"status": answer.status.model_copy(update={"evidence": newer})}))
    practice = incident(actionable=False)
    assert not wants_diagnosis(practice)
    assert wants_diagnosis(incident(actionable=False, diagnosis_asked_at=NOW))
    over = incident(phase=IncidentPhase.RESOLVED)
    over = over.model_copy(update={"spec": made.spec})
    refused = answer_request(over, actor="sre", is_healthy=True, others=(), now=at(5))
    assert refused is not None
    assert refused.refusal is not None


def test_the_table_of_moves() -> None:
    assert may_move(None, IncidentPhase.TRIAGE)
    assert not may_move(None, IncidentPhase.RESOLVED)
    assert not may_move(IncidentPhase.RESOLVED, IncidentPhase.FIXING)
    assert not may_move(IncidentPhase.FIXING, IncidentPhase.TRIAGE)
