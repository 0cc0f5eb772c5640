"""The grade, against runs whose truth is known."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.catalogue import ActionType, FaultType, Severity, SignalName
from incident_crds.diagnosis import Diagnosis, RootCause
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason, Timestamps
from incident_crds.remediationplan import ActionResult, Decision, PlanPhase, RemediationPlan
from incident_crds.report import DrillReport
from incident_operator.domain.grading import Scan, grade_run

from .factories import at, experiment, incident, plan

ACCEPTABLE = [ActionType.REDIS_EVICT_PREFIX]
CLEAN = Scan(residue=0, collateral=0)


def diagnosed(fault: FaultType | None = FaultType.REDIS_MEMORY, system: str = "redis-test") -> Diagnosis:
    return Diagnosis(
        provider="rules",
        summary="memory",
        severity=Severity.P1,
        root_cause=RootCause(system=system, fault_type=fault),
    )


def handled(**status: Any) -> Incident:
    return incident(
        **{
            "phase": IncidentPhase.RESOLVED,
            "reason": ResolvedReason.VERIFIED,
            "diagnosis": diagnosed(),
            "timestamps": Timestamps(
                breached_at=at(1),
                detected_at=at(1.5),
                diagnosed_at=at(1.75),
                plan_proposed_at=at(2),
                approved_at=at(12),
                resolved_at=at(18),
            ),
            **status,
        }
    )


def executed(type: ActionType = ActionType.REDIS_EVICT_PREFIX, **status: Any) -> RemediationPlan:
    result = ActionResult(id="step-1", type=type, started_at=at(12), ended_at=at(12.5), succeeded=True)
    return plan(
        **{
            "phase": PlanPhase.SUCCEEDED,
            "decision": Decision(approved=True, by="sre", at=at(12)),
            "action_results": [result],
            "held_since": at(12.75),
            "verified_at": at(17.75),
            **status,
        }
    )


def grade(
    about: Incident | None,
    plans: list[RemediationPlan],
    *,
    scanned: Scan | None = CLEAN,
    healed_by: str = "plan",
) -> DrillReport:
    run = experiment(
        targets=[{"system": "redis-test", "uid": "uid-system"}], injectedAt=at(0.5).isoformat(), healedBy=healed_by
    )
    return grade_run(
        run,
        [about] if about else [],
        plans,
        signal=SignalName.MEMORY,
        acceptable=ACCEPTABLE,
        scanned=scanned,
    )


def test_a_run_handled_well_passes_with_exact_durations() -> None:
    report = grade(handled(), [executed()])
    assert report.grade.passed
    assert report.plan.approved_by == "sre"
    assert report.durations.to_json() == {
        "detect": 1.0,
        "diagnose": 0.25,
        "propose": 0.25,
        "approve": 10.0,
        "execute": 0.5,
        "verify": 5.25,
        "hold": 5.0,
        "resolve": 0.25,
        "total": 17.5,
        "machine": 2.5,
    }


@pytest.mark.parametrize(
    ("about", "plans", "extra"),
    [
        (None, [], {}),
        (handled(diagnosis=diagnosed(FaultType.DISK_FILL)), [executed()], {}),
        (handled(diagnosis=diagnosed(system="other")), [executed()], {}),
        (handled(diagnosis=diagnosed(None)), [executed()], {}),
        (handled(), [executed(ActionType.REDIS_CLEAR_CACHE)], {}),
        (handled(), [], {}),
        (handled(), [executed(action_results=[])], {}),
        (handled(), [executed(verified_at=None)], {}),
        (handled(), [executed(phase=PlanPhase.FAILED)], {}),
        (handled(reason=ResolvedReason.SELF_RECOVERED), [executed()], {}),
        (handled(reason=ResolvedReason.MANUAL_OVERRIDE), [executed()], {}),
        (handled(phase=IncidentPhase.FIXING, reason=None), [executed()], {}),
        (handled(), [executed()], {"healed_by": "abort"}),
        (handled(), [executed()], {"scanned": Scan(residue=1, collateral=0)}),
        (handled(), [executed()], {"scanned": Scan(residue=0, collateral=1)}),
        (handled(), [executed()], {"scanned": None}),
    ],
)
def test_anything_less_does_not_pass(
    about: Incident | None, plans: list[RemediationPlan], extra: dict[str, Any]
) -> None:
    assert not grade(about, plans, **extra).grade.passed


def test_plans_of_an_earlier_breach_are_not_graded() -> None:
    """A reopened incident still has them."""
    earlier = executed(ActionType.RESTART_SYSTEM)
    earlier.metadata.name, earlier.metadata.creation_timestamp = "earlier", at(-90)
    run = experiment(
        targets=[{"system": "redis-test", "uid": "uid-system"}], startedAt=at(0).isoformat(), healedBy="plan"
    )
    report = grade_run(
        run, [handled()], [earlier, executed()], signal=SignalName.MEMORY, acceptable=ACCEPTABLE, scanned=CLEAN
    )
    assert report.grade.passed
    assert report.plan.actions == [ActionType.REDIS_EVICT_PREFIX]


def test_a_control_passes_only_when_nobody_cried_wolf() -> None:
    quiet = grade_run(experiment("None"), [], [], signal=None, acceptable=[], scanned=CLEAN)
    assert quiet.grade.passed
    loud = grade_run(experiment("None"), [incident()], [], signal=None, acceptable=[], scanned=CLEAN)
    assert not loud.grade.passed


def test_a_pod_that_came_back_by_itself_is_a_run_that_passed() -> None:
    """Provided that it was noticed and understood, and that nobody did anything wrong meanwhile."""
    run = experiment(
        "PodKill",
        targets=[{"system": "redis-test", "uid": "uid-system"}],
        healedBy="self",
    )
    noticed = handled(reason=ResolvedReason.SELF_RECOVERED, diagnosis=diagnosed(FaultType.POD_KILL))

    def passed(about: Incident, plans: list[RemediationPlan]) -> bool:
        acceptable = [ActionType.RESTART_SYSTEM]
        report = grade_run(run, [about], plans, signal=SignalName.REACHABLE, acceptable=acceptable, scanned=CLEAN)
        return report.grade.passed

    assert passed(noticed, [])
    assert not passed(noticed, [executed(ActionType.REDIS_CLEAR_CACHE)])
    assert not passed(handled(reason=ResolvedReason.SELF_RECOVERED, diagnosis=diagnosed(None)), [])
