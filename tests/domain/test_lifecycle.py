"""What may be broken, when a fault ends, and how an incident moves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from incident_crds.base import CHAOS_LABEL, Condition
from incident_crds.catalogue import SignalName
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase, Selector, Target
from incident_crds.incident import (
    Incident,
    IncidentPhase,
    RemediationMode,
    Request,
    RequestAction,
    ResolvedReason,
    Timestamps,
)
from incident_crds.mocksystem import Breach, HealthPolicy, MockSystem
from incident_crds.remediationplan import PlanPhase
from incident_operator.domain.history import may_move
from incident_operator.domain.incidents import decide_resolution
from incident_operator.domain.lifecycle import EndReason, decide_end, undo_pause
from incident_operator.domain.measuring import effect_due
from incident_operator.domain.planning import COOL_DOWN, MAX_ATTEMPTS, decide_next_step, wants_diagnosis
from incident_operator.domain.requests import answer_request
from incident_operator.domain.selection import check_place, check_targets, deadline_of, select_targets

from .factories import NOW, at, experiment, incident, plan, system
from .test_grading import diagnosed

OPEN_NAMESPACE = {CHAOS_LABEL: "enabled"}


def labelled(count: int) -> list[MockSystem]:
    made = []
    for number in range(count):
        one = system(f"redis-{number}")
        one.metadata.labels["tier"] = "cache"
        made.append(one)
    return made


@pytest.mark.parametrize(
    ("mode", "value", "count"),
    [("one", None, 1), ("fixed", 3, 3), ("fixed", 99, 5), ("percent", 1, 1), ("percent", 41, 3), ("all", None, 5)],
)
def test_selection_is_sorted_and_percent_rounds_up(mode: str, value: int | None, count: int) -> None:
    target = Target(selector=Selector(match_labels={"tier": "cache"}), mode=mode, value=value)  # type: ignore[arg-type]
    chosen = select_targets(target, list(reversed(labelled(5))))
    assert [s.metadata.name for s in chosen.systems] == [f"redis-{n}" for n in range(count)]


def test_an_empty_selection_says_so() -> None:
    target = Target(selector=Selector(match_labels={"tier": "none"}))
    refusal = select_targets(target, labelled(2)).refusal
    assert refusal is not None
    assert (refusal.reason, "tier=none" in refusal.message) == ("NothingSelected", True)


def protected() -> MockSystem:
    one = system()
    return one.model_copy(update={"spec": one.spec.model_copy(update={"protected": True})})


@pytest.mark.parametrize(
    ("labels", "halted", "reason"),
    [
        ({}, None, "NamespaceNotEnabled"),
        ({CHAOS_LABEL: "true"}, None, "NamespaceNotEnabled"),
        (OPEN_NAMESPACE, "stop it (by sre)", "KillSwitch"),
        (OPEN_NAMESPACE, None, None),
    ],
)
def test_where_chaos_is_allowed(labels: dict[str, str], halted: str | None, reason: str | None) -> None:
    refusal = check_place(experiment(), namespace_labels=labels, halted=halted)
    assert (refusal.reason if refusal else None) == reason


@pytest.mark.parametrize(
    ("target", "busy", "reason"),
    [
        (protected(), set(), "TargetProtected"),
        (system(capabilities={"faults": ["DiskFill"], "remedies": []}), set(), "FaultNotSupported"),
        (system(), {"redis-test"}, "TargetBusy"),
        (system(), {"other"}, None),
    ],
)
def test_which_systems_may_be_broken(target: MockSystem, busy: set[str], reason: str | None) -> None:
    refusal = check_targets(experiment(), [target], busy_systems=busy)
    assert (refusal.reason if refusal else None) == reason


def active(**spec: Any) -> ChaosExperiment:
    made = experiment(
        phase="Active", expiresAt=at(600).isoformat(), deadlineAt=at(720).isoformat(), startedAt=NOW.isoformat()
    )
    return made.model_copy(update={"spec": made.spec.model_copy(update=spec)})


CALM: dict[str, Any] = {
    "is_ours": True,
    "targets_deleted": False,
    "plan_running": False,
    "halted": None,
    "effect_overdue": False,
    "now": at(10),
}


@pytest.mark.parametrize(
    ("change", "reason", "phase"),
    [
        ({"is_ours": False}, EndReason.OPERATOR_RESTARTED, ExperimentPhase.ABORTED),
        ({"targets_deleted": True}, EndReason.TARGET_DELETED, ExperimentPhase.ABORTED),
        ({"halted": "why"}, EndReason.KILL_SWITCH, ExperimentPhase.ABORTED),
        ({"effect_overdue": True}, EndReason.NO_EFFECT, ExperimentPhase.FAILED),
        ({"now": at(600)}, EndReason.EXPIRED, ExperimentPhase.RECOVERED),
        ({"now": at(720), "plan_running": True}, EndReason.EXPIRED, ExperimentPhase.RECOVERED),
    ],
)
def test_a_fault_ends_for_a_reason(change: dict[str, Any], reason: EndReason, phase: ExperimentPhase) -> None:
    end = decide_end(active(), [], **{**CALM, **change})
    assert end is not None
    assert (end.reason, end.reason.final_phase) == (reason, phase)


def test_a_fault_goes_on_until_then_and_expiry_awaits_a_running_plan() -> None:
    assert decide_end(active(), [], **CALM) is None
    assert decide_end(active(), [], **{**CALM, "now": at(650), "plan_running": True}) is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (ResolvedReason.VERIFIED, EndReason.HEALED_BY_PLAN),
        (ResolvedReason.SELF_RECOVERED, EndReason.HEALED_BY_SELF),
        (ResolvedReason.FALSE_ALARM, None),
        (ResolvedReason.MANUAL_OVERRIDE, None),
    ],
)
def test_a_resolved_incident_ends_the_fault_only_if_the_harm_is_over(
    reason: ResolvedReason, expected: EndReason | None
) -> None:
    over = incident(phase=IncidentPhase.RESOLVED, reason=reason)
    end = decide_end(active(), [over], **CALM)
    assert (end.reason if end else None) is expected


def breach(ended: bool) -> Breach:
    return Breach(
        signal=SignalName.MEMORY,
        number=1,
        breached_at=NOW,
        ended_at=at(5) if ended else None,
        incident="redis-test-memory-1",
    )


def test_nothing_is_resolved_while_its_breach_lasts() -> None:
    succeeded = plan(phase=PlanPhase.SUCCEEDED, verified_at=at(9))
    assert decide_resolution(incident(), [breach(False)], [succeeded]) is None
    resolution = decide_resolution(incident(), [breach(True)], [succeeded])
    assert resolution is not None
    assert resolution.reason is ResolvedReason.VERIFIED


def test_harm_that_ends_alone_is_said_to_and_a_running_plan_is_awaited() -> None:
    resolution = decide_resolution(incident(), [breach(True)], [plan(phase=PlanPhase.AWAITING_APPROVAL)])
    assert resolution is not None
    assert resolution.reason is ResolvedReason.SELF_RECOVERED
    assert decide_resolution(incident(), [breach(True)], [plan(phase=PlanPhase.VERIFYING)]) is None


def test_attempts_are_limited_and_spaced() -> None:
    known = incident(diagnosis=diagnosed())
    assert decide_next_step(known, [], now=NOW).propose_attempt == 1
    failed = [plan(spec={"attempt": n}, phase=PlanPhase.FAILED) for n in range(1, MAX_ATTEMPTS + 1)]
    assert decide_next_step(known, failed[:1], now=NOW).look_at == NOW + COOL_DOWN
    assert decide_next_step(known, failed[:1], now=NOW + COOL_DOWN).propose_attempt == 2
    assert decide_next_step(known, failed, now=at(999)).escalate is not None
    assert decide_next_step(known, [plan(phase=PlanPhase.REJECTED)], now=NOW).escalate is not None
    assert decide_next_step(known, [plan(phase=PlanPhase.VERIFYING)], now=NOW).propose_attempt is None


def test_a_plan_that_succeeded_is_given_time_before_the_next() -> None:
    """The sample that proves it and the one that ends the breach are written one after the other."""
    known = incident(diagnosis=diagnosed())
    proven = plan(phase=PlanPhase.SUCCEEDED, verified_at=NOW)
    assert decide_next_step(known, [proven], now=NOW).look_at == NOW + COOL_DOWN
    three = [plan(spec={"attempt": n}, phase=PlanPhase.SUCCEEDED) for n in range(1, MAX_ATTEMPTS + 1)]
    assert decide_next_step(known, three, now=at(999)).escalate is not None


def test_a_plan_that_made_it_worse_calls_a_person() -> None:
    worse = plan(phase=PlanPhase.FAILED, reason="WorseThanBefore", message="canary fell from 100 to 0")
    step = decide_next_step(incident(diagnosis=diagnosed()), [worse], now=at(999))
    assert step.propose_attempt is None
    assert "canary fell" in (step.escalate or "")


def test_an_undetermined_cause_makes_no_plan() -> None:
    step = decide_next_step(incident(diagnosis=diagnosed(None)), [], now=NOW)
    assert step.propose_attempt is None
    assert step.escalate is not None


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
    assert decide_next_step(known, [], now=NOW).propose_attempt is None
    request = in_mode(mode, asked(RequestAction.PROPOSE))
    answer = answer_request(request, actor="sre", is_healthy=False, others=(), now=NOW)
    assert answer is not None
    assert answer.refusal is not None
    assert answer.refusal.reason == "ModeForbids"


def test_a_person_who_asks_gets_another_plan_after_a_rejection() -> None:
    said_no = Condition(type="Approved", status="False", reason="Rejected", last_transition_time=at(4.9))
    rejected = plan(phase=PlanPhase.REJECTED, conditions=[said_no])
    made = asked(RequestAction.PROPOSE)
    made = made.model_copy(update={"status": made.status.model_copy(update={"diagnosis": diagnosed()})})
    assert decide_next_step(made, [rejected], now=at(5)).propose_attempt is None
    answer = answer_request(made, actor="sre", is_healthy=False, others=(), now=at(5))
    assert answer is not None
    step = decide_next_step(made.model_copy(update={"status": answer.status}), [rejected], now=at(6))
    assert step.propose_attempt == 2


def test_a_person_who_asks_gets_another_diagnosis() -> None:
    made = asked(RequestAction.DIAGNOSE)
    made = made.model_copy(update={"status": made.status.model_copy(update={"diagnosis": diagnosed()})})
    answer = answer_request(made, actor="sre", is_healthy=False, others=(), now=at(5))
    assert answer is not None
    assert wants_diagnosis(made.model_copy(update={"status": answer.status}))
    practice = incident(actionable=False)
    assert not wants_diagnosis(practice)
    assert wants_diagnosis(incident(actionable=False, diagnosis_asked_at=NOW))
    over = incident(phase=IncidentPhase.RESOLVED)
    over = over.model_copy(update={"spec": made.spec})
    refused = answer_request(over, actor="sre", is_healthy=True, others=(), now=at(5))
    assert refused is not None
    assert refused.refusal is not None


def test_the_deadline_counts_from_the_injection() -> None:
    waited = experiment()
    assert deadline_of(waited, now=at(5000)) == at(5000 + 600 + 30)


def test_undo_pauses_grow_to_half_a_minute() -> None:
    pauses = [undo_pause(n).total_seconds() for n in range(1, 9)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_an_effect_is_awaited_for_as_long_as_its_probes_take() -> None:
    assert effect_due([HealthPolicy(interval_seconds=1)]).total_seconds() == 20
    slow = HealthPolicy(interval_seconds=60, breach_samples=2, timeout_seconds=3)
    assert effect_due([HealthPolicy(), slow]).total_seconds() == 183


def test_the_table_of_moves() -> None:
    assert may_move(None, IncidentPhase.TRIAGE)
    assert not may_move(None, IncidentPhase.RESOLVED)
    assert not may_move(IncidentPhase.RESOLVED, IncidentPhase.FIXING)
    assert not may_move(IncidentPhase.FIXING, IncidentPhase.TRIAGE)
