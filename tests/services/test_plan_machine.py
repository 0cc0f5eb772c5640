"""No order of events, and no death of the process, makes a plan do what nobody approved, or do anything twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from incident_crds.base import APPROVE_ANNOTATION
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator.domain import approval
from incident_operator.services import plans as plans_module

from .plan_machine import PlanMachine

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],  # to shrink what it finds takes minutes: the slow test does that
    suppress_health_check=list(HealthCheck),
)


def test_plans_keep_their_promises_whatever_happens() -> None:
    PlanMachine.reached.clear()
    run_state_machine_as_test(PlanMachine, settings=QUICK)
    assert set(PlanPhase) - set(PlanMachine.reached) == {PlanPhase.PROPOSED}, "it has to get everywhere"


def test_a_system_that_is_made_anew_is_not_the_one_that_was_healed() -> None:
    """It is well, and it has the name; but what was approved was done to another."""
    world = PlanMachine()
    try:
        world.propose(1)
        world.the_operator_goes_on(None)
        world.a_person_approves(0)
        world.the_operator_goes_on(None)
        (verifying,) = world.api.all(RemediationPlan)
        (system,) = world.api.all(MockSystem)
        world.api.write(MockSystem, *system.key, {"metadata": {"uid": "another"}})
        world.it_is_measured((90, 100), 3)
        world.the_operator_goes_on(None)
        (ended,) = world.api.all(RemediationPlan)
        assert verifying.status.phase is PlanPhase.VERIFYING
        assert (ended.status.phase, ended.status.reason) == (PlanPhase.SUPERSEDED, "TargetChanged")
    finally:
        world.teardown()


@pytest.mark.slow  # the same, with many more examples, and others at each run
@pytest.mark.timeout(900)
def test_plans_keep_their_promises_whatever_happens_at_length() -> None:
    phases = [Phase.generate, Phase.shrink]
    more = settings(QUICK, derandomize=False, phases=phases, max_examples=500, stateful_step_count=50, print_blob=True)
    run_state_machine_as_test(PlanMachine, settings=more)


def any_hash(plan: Any, *arguments: Any, **named: Any) -> approval.Verdict:
    """An operator that takes each approval for one of this plan."""
    verdict = approval.decide_approval(plan, *arguments, **named)
    refused = verdict.refused_request
    if refused is None or refused.reason != "WrongPlanHash":
        return verdict
    notes = {**plan.metadata.annotations, APPROVE_ANNOTATION: plan.status.plan_hash}
    asked = plan.model_copy(update={"metadata": plan.metadata.model_copy(update={"annotations": notes})})
    wrong = approval.decide_approval(asked, *arguments, **named)
    if wrong.decision is None:
        return wrong
    return replace(wrong, decision=wrong.decision.model_copy(update={"plan_hash": "other"}))


def no_other_runs(*arguments: Any, running: str | None, **named: Any) -> approval.Verdict:
    """An operator that does not look whether another plan runs."""
    return approval.decide_approval(*arguments, running=None, **named)


def forgotten(*arguments: Any) -> None:
    """An operator that does not look whether an action was begun before."""


@pytest.mark.parametrize(
    ("name", "bug", "says"),
    [
        ("decide_approval", any_hash, "what runs is not what was approved"),
        ("decide_approval", no_other_runs, "two plans run at once"),
        ("result_of", forgotten, "an action was run twice"),
    ],
)
def test_the_machine_finds_a_planted_bug(name: str, bug: Any, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans_module, name, bug)
    quick = settings(QUICK, report_multiple_bugs=False)
    with pytest.raises(AssertionError, match=says):
        run_state_machine_as_test(PlanMachine, settings=quick)
