"""May a plan be put to a person, and what does the person's word do."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.action import Action
from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, VIA_ANNOTATION
from incident_crds.catalogue import ActionType, SignalName
from incident_crds.incident import Incident, IncidentPhase, IncidentType, RemediationMode, Timestamps
from incident_crds.remediationplan import PinnedTarget, PlanPhase, VerificationCheck
from incident_operator.domain.approval import (
    Verdict,
    check_proposal,
    compute_plan_hash,
    decide_approval,
    late_request,
    pin_targets,
)

from .factories import NOW, at, incident, plan, system

SYSTEMS = {"redis-test": system()}
PINS = [PinnedTarget(system="redis-test", uid="uid-system", generation=1)]
HASH = compute_plan_hash(plan().spec, PINS)
WAITING: dict[str, Any] = {
    "phase": PlanPhase.AWAITING_APPROVAL,
    "plan_hash": HASH,
    "targets": PINS,
    "expires_at": at(1800),
}
APPROVED = {APPROVE_ANNOTATION: HASH, APPROVED_BY_ANNOTATION: "sre"}


def of(**spec: Any) -> Incident:
    made = incident()
    return made.model_copy(update={"spec": made.spec.model_copy(update=spec)})


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (None, "IncidentNotFound"),
        (incident(phase=IncidentPhase.RESOLVED), "IncidentResolved"),
        (of(incident_type=IncidentType.SYNTHETIC), "NotActionable"),
        (of(affected_systems=["elsewhere"]), "NotActionable"),
        (of(affected_systems=[]), "NotActionable"),
        (of(remediation_mode=RemediationMode.MANUAL), "ModeForbids"),
        (of(remediation_mode=RemediationMode.ADVISORY), "ModeForbids"),
    ],
)
def test_a_plan_for_the_wrong_incident_is_refused(about: Incident | None, reason: str) -> None:
    refusal = check_proposal(plan(), about, SYSTEMS)
    assert refusal is not None
    assert refusal.reason == reason


def test_an_action_that_the_system_does_not_offer_is_refused() -> None:
    vacuum = Action(id="a", type=ActionType.POSTGRES_VACUUM, system="redis-test")
    refusal = check_proposal(plan(spec={"actions": [vacuum]}), incident(), SYSTEMS)
    assert refusal is not None
    assert refusal.reason == "NoValidAction"


def test_an_action_on_another_system_is_refused() -> None:
    other = Action(id="a", type=ActionType.REDIS_CLEAR_CACHE, system="redis-other")
    systems = {**SYSTEMS, "redis-other": system("redis-other")}
    refusal = check_proposal(plan(spec={"actions": [other]}), incident(), systems)
    assert refusal is not None
    assert refusal.reason == "TargetNotAffected"


@pytest.mark.parametrize("checked", [SignalName.MEMORY, SignalName.CANARY, SignalName.LATENCY])
def test_the_breached_signal_and_the_canary_must_both_be_verified(checked: SignalName) -> None:
    lone = VerificationCheck(system="redis-test", signal=checked)
    refusal = check_proposal(plan(spec={"verification": [lone]}), incident(), SYSTEMS)
    assert refusal is not None
    assert refusal.reason == "VerificationIncomplete"


def test_a_sound_plan_is_put_to_a_person() -> None:
    assert check_proposal(plan(), incident(), SYSTEMS) is None
    assert pin_targets(plan().spec, SYSTEMS) == PINS


def test_the_hash_covers_the_spec_and_the_systems() -> None:
    assert compute_plan_hash(plan(spec={"attempt": 2}).spec, PINS) != HASH
    assert compute_plan_hash(plan().spec, [PINS[0].model_copy(update={"generation": 2})]) != HASH
    assert compute_plan_hash(plan().spec, PINS) == HASH


def test_nothing_is_decided_without_a_word() -> None:
    verdict = decide_approval(plan(**WAITING), incident(), SYSTEMS, running=None, now=NOW)
    assert verdict.decision is None
    assert verdict.ends is None
    assert verdict.refused_request is None


def test_the_right_hash_approves_in_the_stamped_name() -> None:
    verdict = decide_approval(plan(APPROVED, **WAITING), incident(), SYSTEMS, running=None, now=NOW)
    assert verdict.decision is not None
    assert (verdict.decision.approved, verdict.decision.by, verdict.decision.plan_hash) == (True, "sre", HASH)


@pytest.mark.parametrize(
    ("said", "via"),
    [
        ({}, "annotation"),
        ({VIA_ANNOTATION: ""}, "annotation"),
        ({VIA_ANNOTATION: "Board"}, "annotation"),
        ({VIA_ANNOTATION: "<b>boss</b>"}, "annotation"),
        *[({VIA_ANNOTATION: door}, door) for door in ("kubectl", "board", "api", "plugin")],
    ],
)
@pytest.mark.parametrize("word", [{}, {REJECT_ANNOTATION: "too risky"}])
def test_whoever_decides_may_say_through_which_door(said: dict[str, str], via: str, word: dict[str, str]) -> None:
    made = plan({**APPROVED, **word, **said}, **WAITING)
    verdict = decide_approval(made, incident(), SYSTEMS, running=None, now=NOW)
    assert verdict.decision is not None
    assert (verdict.decision.via, verdict.decision.approved) == (via, not word)


@pytest.mark.parametrize("door", ["board", "api"])
def test_a_door_alone_decides_nothing(door: str) -> None:
    waiting = plan({VIA_ANNOTATION: door, APPROVED_BY_ANNOTATION: "sre"}, **WAITING)
    assert decide_approval(waiting, incident(), SYSTEMS, running=None, now=NOW) == Verdict()
    nobody = plan({VIA_ANNOTATION: door, APPROVE_ANNOTATION: HASH}, **WAITING)
    refused = decide_approval(nobody, incident(), SYSTEMS, running=None, now=NOW).refused_request
    assert refused is not None
    assert refused.reason == "ApproverUnknown"


@pytest.mark.parametrize("wrong", ["", "yes", "0" * 16, HASH[:-1], HASH.upper() + " "])
def test_a_wrong_hash_is_answered_and_approves_nothing(wrong: str) -> None:
    verdict = decide_approval(
        plan({**APPROVED, APPROVE_ANNOTATION: wrong}, **WAITING), incident(), SYSTEMS, running=None, now=NOW
    )
    assert verdict.decision is None
    assert verdict.refused_request is not None
    assert verdict.refused_request.reason == "WrongPlanHash"


def test_nobody_cannot_approve() -> None:
    verdict = decide_approval(plan({APPROVE_ANNOTATION: HASH}, **WAITING), incident(), SYSTEMS, running=None, now=NOW)
    assert verdict.refused_request is not None
    assert verdict.refused_request.reason == "ApproverUnknown"


def test_a_rejection_beats_an_approval() -> None:
    verdict = decide_approval(
        plan({**APPROVED, REJECT_ANNOTATION: "too risky"}, **WAITING), incident(), SYSTEMS, running=None, now=NOW
    )
    assert verdict.decision is not None
    assert (verdict.decision.approved, verdict.decision.reason) == (False, "too risky")


def test_an_expired_plan_cannot_be_approved() -> None:
    verdict = decide_approval(plan(APPROVED, **WAITING), incident(), SYSTEMS, running=None, now=at(1800))
    assert verdict.ends is not None
    assert verdict.ends[0] is PlanPhase.EXPIRED


@pytest.mark.parametrize(
    "changed",
    [{}, {"redis-test": system().model_copy(update={"metadata": system().metadata.model_copy(update={"uid": "x"})})}],
)
def test_a_changed_target_supersedes_the_plan(changed: dict[str, Any]) -> None:
    verdict = decide_approval(plan(APPROVED, **WAITING), incident(), changed, running=None, now=NOW)
    assert verdict.ends is not None
    assert (verdict.ends[0], verdict.ends[1].reason) == (PlanPhase.SUPERSEDED, "TargetChanged")


@pytest.mark.parametrize("phase", [p for p in PlanPhase if p.is_final or p.is_running])
def test_the_first_decision_stands(phase: PlanPhase) -> None:
    late = late_request(plan(APPROVED, phase=phase))
    assert late is not None
    assert late.reason == "AlreadyDecided"
    assert late_request(plan(phase=phase)) is None


def test_a_plan_of_an_earlier_breach_cannot_be_approved() -> None:
    reopened = incident(timestamps=Timestamps(detected_at=at(60)))
    verdict = decide_approval(plan(APPROVED, **WAITING), reopened, SYSTEMS, running=None, now=at(61))
    assert verdict.ends is not None
    assert (verdict.ends[0], verdict.ends[1].reason) == (PlanPhase.SUPERSEDED, "IncidentReopened")


def test_one_plan_of_an_incident_runs_at_a_time() -> None:
    waiting = plan(
        {APPROVE_ANNOTATION: "h", APPROVED_BY_ANNOTATION: "sre"},
        phase=PlanPhase.AWAITING_APPROVAL,
        plan_hash="h",
    )
    verdict = decide_approval(waiting, incident(), {"redis-test": system()}, running="other-plan", now=NOW)
    assert verdict.decision is None
    assert verdict.refused_request is not None
    assert verdict.refused_request.reason == "AnotherPlanRuns"
    assert "other-plan" in verdict.refused_request.message
