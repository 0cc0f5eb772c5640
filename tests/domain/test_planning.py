"""Whether, when and what to propose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from incident_crds.base import Condition
from incident_crds.catalogue import FaultType
from incident_crds.incident import Incident, Timestamps
from incident_crds.remediationplan import Decision, PlanPhase, RemediationPlan
from incident_operator.domain.planning import COOL_DOWN, MAX_ATTEMPTS, SELF_HEALING, NextStep, decide_next_step

from .factories import NOW, at, incident, plan
from .test_grading import diagnosed

APPROVED = Decision(approved=True, by="sre", at=NOW)


def next_step(about: Incident, plans: Sequence[RemediationPlan], *, now: datetime) -> NextStep:
    names = {p.metadata.name for p in plans}
    return decide_next_step(about, plans, is_taken=names.__contains__, now=now)


def ran(phase: PlanPhase, number: int = 1, **status: Any) -> RemediationPlan:
    """A plan that a person approved."""
    made = plan(spec={"attempt": number}, phase=phase, decision=APPROVED, **status)
    made.metadata.name = f"redis-test-memory-1-plan-{number}"
    return made


def test_attempts_are_limited_and_spaced() -> None:
    known = incident(diagnosis=diagnosed())
    assert next_step(known, [], now=NOW).propose_attempt == 1
    failed = [ran(PlanPhase.FAILED, n) for n in range(1, MAX_ATTEMPTS + 1)]
    assert next_step(known, failed[:1], now=NOW).look_at == NOW + COOL_DOWN
    assert next_step(known, failed[:1], now=NOW + COOL_DOWN).propose_attempt == 2
    assert next_step(known, failed, now=at(999)).escalate is not None
    assert next_step(known, [plan(phase=PlanPhase.REJECTED)], now=NOW).escalate is not None
    assert next_step(known, [ran(PlanPhase.VERIFYING)], now=NOW).propose_attempt is None


def test_a_plan_that_succeeded_is_given_time_before_the_next() -> None:
    """The sample that proves it and the one that ends the breach are written one after the other."""
    known = incident(diagnosis=diagnosed())
    assert next_step(known, [ran(PlanPhase.SUCCEEDED, verified_at=NOW)], now=NOW).look_at == NOW + COOL_DOWN
    three = [ran(PlanPhase.SUCCEEDED, n) for n in range(1, MAX_ATTEMPTS + 1)]
    assert next_step(known, three, now=at(999)).escalate is not None


def test_a_plan_that_made_it_worse_calls_a_person() -> None:
    worse = ran(PlanPhase.FAILED, reason="WorseThanBefore", message="canary fell from 100 to 0")
    step = next_step(incident(diagnosis=diagnosed()), [worse], now=at(999))
    assert step.propose_attempt is None
    assert "canary fell" in (step.escalate or "")


@pytest.mark.parametrize(
    ("phase", "reason"), [(PlanPhase.ROLLED_BACK, "ActionFailed"), (PlanPhase.FAILED, "RollbackFailed")]
)
def test_a_plan_that_had_to_be_taken_back_calls_a_person_also_while_another_waits(
    phase: PlanPhase, reason: str
) -> None:
    taken_back = ran(phase, reason=reason, message="step-2 had no effect")
    other = plan(spec={"attempt": 2}, phase=PlanPhase.AWAITING_APPROVAL)
    other.metadata.name = "redis-test-memory-1-plan-2"
    step = next_step(incident(diagnosis=diagnosed()), [taken_back, other], now=at(999))
    assert step.propose_attempt is None
    assert step.escalate == "redis-test-memory-1-plan-1 had to be taken back: step-2 had no effect"


def test_an_undetermined_cause_makes_no_plan() -> None:
    step = next_step(incident(diagnosis=diagnosed(None)), [], now=NOW)
    assert step.propose_attempt is None
    assert step.escalate is not None


def test_once_a_person_is_called_nothing_more_is_tried() -> None:
    """Else a cause without an action would be looked for, and paid for, again and again."""
    called = Condition(type="Escalated", status="True", reason="PersonNeeded", last_transition_time=NOW)
    assert next_step(incident(diagnosis=diagnosed(), conditions=[called]), [], now=at(9)) == NextStep()


def test_other_authors_proposals_neither_block_nor_count() -> None:
    known = incident(diagnosis=diagnosed())
    refused = [plan(spec={"author": "agent"}, phase=PlanPhase.FAILED) for _ in range(MAX_ATTEMPTS)]
    waiting = plan(spec={"author": "agent"}, phase=PlanPhase.AWAITING_APPROVAL)
    for number, made in enumerate([*refused, waiting]):
        made.metadata.name = f"agents-{number}"
    assert next_step(known, [*refused, waiting], now=at(999)).propose_attempt == 1
    waiting.status.decision = APPROVED
    assert next_step(known, [waiting], now=at(999)).propose_attempt is None


@pytest.mark.parametrize("phase", [None, PlanPhase.AWAITING_APPROVAL])
def test_ours_is_waited_for(phase: PlanPhase | None) -> None:
    assert next_step(incident(diagnosis=diagnosed()), [plan(phase=phase)], now=at(9)) == NextStep()


def test_a_name_that_is_taken_is_passed_over() -> None:
    taken = {"redis-test-memory-1-plan-1", "redis-test-memory-1-plan-2"}
    step = decide_next_step(incident(diagnosis=diagnosed()), [], is_taken=taken.__contains__, now=NOW)
    assert step.propose_attempt == 3


def test_harm_that_ends_by_itself_is_given_time_for_that() -> None:
    stamps = Timestamps(diagnosed_at=NOW)
    known = incident(diagnosis=diagnosed(FaultType.POD_KILL), timestamps=stamps)
    assert next_step(known, [], now=at(5)) == NextStep(look_at=NOW + SELF_HEALING)
    assert next_step(known, [], now=NOW + SELF_HEALING).propose_attempt == 1
