"""What `kubectl wait` can wait for follows from the status, and moves only when the fact does."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.base import Condition
from incident_crds.catalogue import ActionType, Severity
from incident_crds.chaosexperiment import ChaosExperimentStatus, TargetPhase, TargetStatus
from incident_crds.diagnosis import Diagnosis
from incident_crds.incident import IncidentPhase, ResolvedReason, Timestamps
from incident_crds.remediationplan import ActionResult, Decision, PlanPhase
from incident_operator.domain.conditions import (
    STALLED_AFTER,
    experiment_conditions,
    incident_conditions,
    plan_conditions,
)

from .factories import at, incident, plan


def shown(conditions: list[Condition]) -> dict[str, str]:
    return {c.type: f"{c.status} {c.reason}" for c in conditions}


def test_an_incident_goes_from_nothing_to_resolved() -> None:
    fresh = incident(phase=IncidentPhase.TRIAGE)
    opened = incident_conditions(fresh.status, generation=1, now=at(0))
    assert shown(opened) == {
        "Diagnosed": "False NotDiagnosed",
        "PlanProposed": "False NoPlan",
        "Resolved": "False Triage",
    }
    found = Diagnosis(provider="rules", summary="keys of session:", severity=Severity.P2)
    status = fresh.status.model_copy(
        update={
            "conditions": opened,
            "diagnosis": found,
            "timestamps": Timestamps(plan_proposed_at=at(2)),
            "phase": IncidentPhase.RESOLVED,
            "reason": ResolvedReason.VERIFIED,
        }
    )
    over = incident_conditions(status, generation=2, now=at(9))
    assert shown(over) == {
        "Diagnosed": "True Diagnosed",
        "PlanProposed": "True PlanProposed",
        "Resolved": "True Verified",
    }
    assert {c.observed_generation for c in over} == {2}
    again = incident_conditions(status.model_copy(update={"conditions": over}), generation=2, now=at(99))
    assert again == over, "a second look moved a transition time"


def test_other_conditions_of_an_incident_stay() -> None:
    other = Condition(type="Escalated", status="True", reason="PersonNeeded", last_transition_time=at(1))
    kept = incident_conditions(incident(conditions=[other]).status, generation=1, now=at(2))
    assert other in kept


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"phase": PlanPhase.AWAITING_APPROVAL, "reason": "AwaitingApproval"},
            {
                "Approved": "Unknown AwaitingApproval",
                "Executed": "False AwaitingApproval",
                "Verified": "False AwaitingApproval",
                "Succeeded": "Unknown AwaitingApproval",
            },
        ),
        (
            {"phase": PlanPhase.EXPIRED, "reason": "Expired"},
            {
                "Approved": "False Expired",
                "Executed": "False Expired",
                "Verified": "False Expired",
                "Succeeded": "False Expired",
            },
        ),
        (
            {
                "phase": PlanPhase.REJECTED,
                "reason": "Rejected",
                "decision": Decision(approved=False, by="sre", at=at(3)),
            },
            {
                "Approved": "False Rejected",
                "Executed": "False Rejected",
                "Verified": "False Rejected",
                "Succeeded": "False Rejected",
            },
        ),
    ],
)
def test_a_plan_that_did_not_run(status: dict[str, Any], expected: dict[str, str]) -> None:
    made = plan(**status)
    assert shown(plan_conditions(made.spec, made.status, generation=1, now=at(9))) == expected


@pytest.mark.parametrize(("succeeded", "word"), [(True, "True ActionsSucceeded"), (False, "False Failed")])
def test_executed_means_that_every_action_showed_its_effect(succeeded: bool, word: str) -> None:
    made = plan(phase=PlanPhase.FAILED, reason="Failed")
    results = [
        ActionResult(
            id=action.id,
            type=ActionType.REDIS_EVICT_PREFIX,
            started_at=at(4),
            ended_at=at(5),
            succeeded=succeeded,
        )
        for action in made.spec.actions
    ]
    status = made.status.model_copy(update={"action_results": results})
    assert shown(plan_conditions(made.spec, status, generation=1, now=at(9)))["Executed"] == word
    pretended = made.spec.model_copy(update={"dry_run": True})
    assert shown(plan_conditions(pretended, status, generation=1, now=at(9)))["Executed"] == "False Failed"


@pytest.mark.parametrize(
    ("attempts", "phase", "word"),
    [
        (STALLED_AFTER - 1, TargetPhase.ACTIVE, "False Progressing"),
        (STALLED_AFTER, TargetPhase.ACTIVE, "True UndoFails"),
        (STALLED_AFTER, TargetPhase.RECOVERED, "False Progressing"),
    ],
)
def test_an_undo_that_fails_too_often_is_stalled_until_it_works(attempts: int, phase: TargetPhase, word: str) -> None:
    target = TargetStatus(system="redis-test", uid="u", attempts=attempts, phase=phase, last_error="no answer")
    status = ChaosExperimentStatus(reason="Expired", targets=[target])
    found = shown(experiment_conditions(status, generation=1, now=at(1)))
    assert found["Stalled"] == word
    assert found["Injected"] == "False Expired"
