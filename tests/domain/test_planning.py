"""Whether, when and what to propose."""

from __future__ import annotations

from incident_crds.remediationplan import PlanPhase
from incident_operator.domain.planning import COOL_DOWN, MAX_ATTEMPTS, decide_next_step

from .factories import NOW, at, incident, plan
from .test_grading import diagnosed


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
