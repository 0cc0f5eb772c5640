"""A system that becomes unreachable under an open incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from incident_crds.action import Action, ActionParams
from incident_crds.catalogue import ActionType, FaultType, Severity, SignalName
from incident_crds.diagnosis import Diagnosis, EvidenceDocument, RootCause
from incident_crds.incident import Incident, RemediationMode
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator.domain.approval import decide_approval
from incident_operator.domain.outages import outage_found_at, with_outages
from incident_operator.domain.planning import stands, wants_diagnosis
from incident_operator.domain.verdict import Verdict

from .factories import at, incident, plan, system

REDIS, NAME = "redis-test", "redis-test-memory-1"


def lost(seconds: float, *, ended: datetime | None = None, number: int = 1) -> MockSystem:
    """Redis, unreachable since."""
    breach = Breach(signal=SignalName.REACHABLE, number=number, breached_at=at(seconds), ended_at=ended, incident=NAME)
    return system(breaches=[breach])


def settle(found: Incident, redis: MockSystem, seconds: float) -> Incident:
    status = with_outages(found, found.status, {REDIS: redis}, now=at(seconds))
    return found.model_copy(update={"status": status})


def diagnosed(seconds: float, found: Incident | None = None, fault: FaultType | None = None) -> Incident:
    """From evidence of this time."""
    found = found or incident()
    document = EvidenceDocument(system=REDIS, threshold_percent=50, collected_at=at(seconds))
    cause = RootCause(system=REDIS, fault_type=fault)
    diagnosis = Diagnosis(provider="rules", summary="x", root_cause=cause, severity=Severity.P2, confidence=50)
    status = found.status.model_copy(update={"evidence": document, "diagnosis": diagnosis})
    return found.model_copy(update={"status": status})


def test_it_is_said_and_diagnosed_anew_once_for_each_outage() -> None:
    found = settle(diagnosed(1), lost(5), 6)
    assert [(e.type, e.detail) for e in found.status.timeline] == [
        ("Unreachable", "redis-test is unreachable: it does not answer")
    ]
    assert (settle(found, lost(5), 7), outage_found_at(found)) == (found, at(6))
    assert wants_diagnosis(found)
    found = diagnosed(8, found)
    assert not wants_diagnosis(settle(found, lost(5), 9))
    assert settle(found, lost(5, ended=at(10)), 11) == found
    again = settle(found, lost(20, number=2), 21)
    assert (len(again.status.timeline), wants_diagnosis(again)) == (2, True)


def test_an_outage_is_diagnosed_when_no_plan_runs_that_may_restart_the_system() -> None:
    found = settle(diagnosed(1), lost(5), 6)
    assert not wants_diagnosis(found, [plan(phase=PlanPhase.EXECUTING)])
    assert wants_diagnosis(found, [plan(phase=PlanPhase.FAILED), plan(phase=PlanPhase.AWAITING_APPROVAL)])
    found.spec.remediation_mode = RemediationMode.MANUAL
    assert not wants_diagnosis(found)


def test_a_diagnosis_stands_where_an_outage_alone_made_it_due_and_nothing_explains_that() -> None:
    puzzled = Verdict(None, REDIS, "cannot tell", "look", Severity.P0, 0, ())
    found = settle(diagnosed(1), lost(5), 6)
    assert stands(found, puzzled)
    assert not stands(found, replace(puzzled, fault=FaultType.SYSTEM_DOWN))
    assert not stands(incident(), puzzled)
    found.status.diagnosis_asked_at = at(7)
    assert not stands(found, puzzled)


def test_an_incident_that_an_outage_opened_says_so_already() -> None:
    found = diagnosed(1)
    found.spec.signal = SignalName.REACHABLE
    assert settle(found, lost(5), 6) == found


@pytest.mark.parametrize(
    ("name", "type", "analysis", "fault", "ends"),
    [
        (f"{NAME}-plan-1", ActionType.REDIS_EVICT_PREFIX, "memory is full", FaultType.SYSTEM_DOWN, True),
        (f"{NAME}-plan-1", ActionType.REDIS_EVICT_PREFIX, "memory is full", FaultType.REDIS_LATENCY, False),
        (f"{NAME}-plan-1", ActionType.REDIS_EVICT_PREFIX, "x", FaultType.SYSTEM_DOWN, False),
        (f"{NAME}-plan-1", ActionType.RESTART_SYSTEM, "it is down", FaultType.SYSTEM_DOWN, False),
        ("somebody-s-own", ActionType.REDIS_EVICT_PREFIX, "memory is full", FaultType.SYSTEM_DOWN, False),
    ],
    ids=["it is down", "it is slow", "made of it", "it restarts it", "somebody's"],
)
def test_a_waiting_plan_that_was_made_before_is_superseded(
    name: str, type: ActionType, analysis: str, fault: FaultType, ends: bool
) -> None:
    found = diagnosed(8, settle(diagnosed(1), lost(5), 6), fault)
    params = ActionParams(prefix="abc:") if type is ActionType.REDIS_EVICT_PREFIX else ActionParams()
    made: RemediationPlan = plan(
        spec={"analysis": analysis, "actions": [Action(id="s", type=type, system=REDIS, params=params)]}
    )
    made.metadata.name = name
    redis = lost(5)
    redis.status.capabilities.remedies = [type]
    ended = decide_approval(made, found, {REDIS: redis}, running=None, now=at(30)).ends
    assert (ended is not None) == ends
    if ended is not None:
        assert (ended[0], ended[1].reason) == (PlanPhase.SUPERSEDED, "SystemUnreachable")


@pytest.mark.parametrize(
    ("broken", "type", "fault", "ends"),
    [
        ({SignalName.MEMORY}, ActionType.RESTART_SYSTEM, FaultType.SYSTEM_DOWN, True),
        (set(), ActionType.RESTART_SYSTEM, FaultType.SYSTEM_DOWN, False),
        ({SignalName.MEMORY, SignalName.REACHABLE}, ActionType.RESTART_SYSTEM, FaultType.SYSTEM_DOWN, False),
        ({SignalName.MEMORY, SignalName.CANARY}, ActionType.RESTART_SYSTEM, FaultType.SYSTEM_DOWN, False),
        ({SignalName.MEMORY}, ActionType.RESTART_SYSTEM, FaultType.REDIS_MEMORY, False),
        ({SignalName.MEMORY}, ActionType.REDIS_EVICT_PREFIX, FaultType.SYSTEM_DOWN, False),
    ],
    ids=["back and unwell", "back and well", "still down", "fails its clients", "no outage", "no restart"],
)
def test_a_restart_of_a_system_that_is_back_is_superseded(
    broken: set[SignalName], type: ActionType, fault: FaultType, ends: bool
) -> None:
    found = diagnosed(1, incident(), fault)
    params = ActionParams(prefix="abc:") if type is ActionType.REDIS_EVICT_PREFIX else ActionParams()
    made: RemediationPlan = plan(spec={"actions": [Action(id="s", type=type, system=REDIS, params=params)]})
    made.metadata.name = f"{NAME}-plan-1"
    redis = lost(5)
    redis.status.capabilities.remedies = [type]
    redis.status.breaches = [
        Breach(signal=s, number=1, breached_at=at(1), incident=NAME, ended_at=None if s in broken else at(9))
        for s in (SignalName.MEMORY, SignalName.REACHABLE, SignalName.CANARY)
    ]
    decided = decide_approval(made, found, {REDIS: redis}, running=None, now=at(30)).ends
    assert (decided[1].reason if decided else None) == ("SystemBack" if ends else None)
