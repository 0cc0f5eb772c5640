"""What happened is counted once: not again after a restart, a relist or a late event."""

from __future__ import annotations

from typing import Any, cast

import pytest

from incident_crds.base import Resource
from incident_crds.catalogue import FaultType, Severity
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase, IncidentType, ResolvedReason, Timestamps
from incident_crds.remediationplan import Decision, PlanPhase, RemediationPlan
from incident_operator import metrics
from incident_operator.cluster.store import Store
from incident_operator.domain.grading import shortcomings
from incident_operator.services.ledger import note_change

from ..domain.factories import at, incident, plan

STAGE = "incidentsim_incident_stage_duration_seconds"
OVER = Timestamps(
    breached_at=at(0),
    detected_at=at(2),
    acknowledged_at=at(12),
    diagnosed_at=at(5),
    plan_proposed_at=at(6),
    approved_at=at(12),
    resolved_at=at(30),
)


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


class Story:
    """A store that is told of an object's versions, as watches and answers to writes tell of them."""

    def __init__(self) -> None:
        self.version = 0
        self.store = self.restarted()

    def restarted(self) -> Store:
        self.store = Store(cast("ApiClient", None))
        self.store.on_replacement(note_change)
        return self.store

    def tell(self, obj: Resource, *, is_new: bool = True) -> None:
        self.version += is_new
        metadata = obj.metadata.model_copy(update={"resource_version": str(self.version)})
        self.store.put(type(obj), obj.model_copy(update={"metadata": metadata}))


@pytest.fixture
def story() -> Story:
    return Story()


def of(*, type: IncidentType = IncidentType.REAL_SYSTEM, **status: Any) -> Incident:
    made = incident(**{"severity": Severity.P1, **status})
    return made.model_copy(update={"spec": made.spec.model_copy(update={"incident_type": type})})


def stages() -> dict[str, float]:
    return {stage: value(f"{STAGE}_count", stage=stage) for stage in metrics.STAGES}


def test_each_stage_of_an_incident_is_observed_once(story: Story) -> None:
    before = stages()
    seconds = value(f"{STAGE}_sum", stage="resolve")
    story.tell(of(phase=None))
    story.tell(of(timestamps=OVER.model_copy(update={"resolved_at": None, "approved_at": None})))
    story.tell(of(timestamps=OVER.model_copy(update={"resolved_at": None})))
    done = of(phase=IncidentPhase.RESOLVED, reason=ResolvedReason.VERIFIED, timestamps=OVER)
    story.tell(done)
    for _ in range(2):
        story.tell(done, is_new=False)  # a relist
        story.tell(done)  # somebody set a label
    story.restarted()
    story.tell(done, is_new=False)
    story.tell(done)
    seen = {stage: count - before[stage] for stage, count in stages().items()}
    assert seen == {"detect": 1, "acknowledge": 1, "diagnose": 1, "propose": 1, "approve": 1, "resolve": 1} | {
        "execute": 0,
        "verify": 0,
    }
    assert value(f"{STAGE}_sum", stage="resolve") - seconds == 30


def test_a_restart_in_the_middle_loses_no_later_stage(story: Story) -> None:
    before = stages()
    half = of(timestamps=OVER.model_copy(update={"resolved_at": None, "approved_at": None}))
    story.tell(half)
    story.restarted()
    story.tell(half, is_new=False)
    story.tell(of(timestamps=OVER))
    seen = {stage for stage, count in stages().items() if count > before[stage]}
    assert seen == {"approve", "resolve"}


def test_a_namesake_of_one_that_was_deleted_is_no_change_of_it(story: Story) -> None:
    before = stages()
    story.tell(of())
    namesake = of(timestamps=OVER)
    story.tell(namesake.model_copy(update={"metadata": namesake.metadata.model_copy(update={"uid": "another"})}))
    assert stages() == before


def test_what_nothing_real_is_behind_has_no_stages(story: Story) -> None:
    before = stages()
    story.tell(of(type=IncidentType.TRAINING, phase=None))
    story.tell(of(type=IncidentType.TRAINING, timestamps=OVER))
    assert stages() == before


def test_opened_resolved_and_reopened_are_counted_by_severity_and_reason(story: Story) -> None:
    names = ("opened", "resolved", "reopened")
    labels = [{"severity": "P1"}, {"severity": "P1", "reason": "Verified"}, {"severity": "P1"}]

    def read() -> list[float]:
        return [value(f"incidentsim_incidents_{n}_total", **kept) for n, kept in zip(names, labels, strict=True)]

    before = read()
    story.tell(of(phase=None))
    story.tell(of(phase=IncidentPhase.TRIAGE))
    over = of(phase=IncidentPhase.RESOLVED, reason=ResolvedReason.VERIFIED, timestamps=OVER)
    story.tell(over)
    again = Timestamps(breached_at=at(40), detected_at=at(41))
    detected = stages()["detect"]
    story.tell(of(phase=IncidentPhase.INVESTIGATING, occurrences=2, timestamps=again))
    assert [now - was for now, was in zip(read(), before, strict=True)] == [1, 1, 1]
    assert stages()["detect"] == detected + 1, "a relapse is detected anew"


def succeeded(**status: Any) -> RemediationPlan:
    decision = Decision(approved=True, by="sre", via="kubectl", at=at(10), plan_hash="x")
    fields = {"decision": decision, "verification_started_at": at(13), "verified_at": at(19), **status}
    return plan(**fields)


def test_a_plan_is_counted_when_it_is_decided_and_when_it_ends(story: Story) -> None:
    before = stages()
    approved = value("incidentsim_plan_decisions_total", decision="approved")
    ended = value("incidentsim_plans_ended_total", phase="Succeeded")
    story.tell(plan(phase=PlanPhase.AWAITING_APPROVAL))
    story.tell(succeeded(phase=PlanPhase.APPROVED, verification_started_at=None, verified_at=None))
    story.tell(succeeded(phase=PlanPhase.VERIFYING, verified_at=None))
    for _ in range(2):
        story.tell(succeeded(phase=PlanPhase.SUCCEEDED))
    assert value("incidentsim_plan_decisions_total", decision="approved") == approved + 1
    assert value("incidentsim_plans_ended_total", phase="Succeeded") == ended + 1
    assert stages()["execute"] == before["execute"] + 1
    assert stages()["verify"] == before["verify"] + 1


def experiment(**status: Any) -> ChaosExperiment:
    return ChaosExperiment.parse(
        {
            "metadata": {"name": "run", "namespace": "drills", "uid": "uid-run"},
            "spec": {
                "target": {"systemRef": {"name": "redis-test"}},
                "fault": {"type": "RedisMemory", "redisMemory": {}},
            },
            "status": status,
        }
    )


def test_an_experiment_is_counted_by_its_end_its_failed_undos_and_its_grade(story: Story) -> None:
    labels = {"fault": FaultType.REDIS_MEMORY.value}

    def read() -> tuple[float, ...]:
        return (
            value("incidentsim_fault_recovery_failures_total", **labels),
            value("incidentsim_experiments_ended_total", phase="Recovered", **labels),
            value("incidentsim_drills_graded_total", outcome="failed", **labels),
            value("incidentsim_drill_findings_total", check="cause"),
        )

    before = read()
    target = {"system": "redis-test", "uid": "u"}
    report = {"experiment": "run", "grade": {"detected": True, "actionCorrect": True, "verified": True}}
    story.tell(experiment(phase="Recovering", targets=[target]))
    story.tell(experiment(phase="Recovering", targets=[target | {"attempts": 2}]))
    done = target | {"attempts": 3, "phase": "Recovered"}
    story.tell(experiment(phase="Recovered", targets=[done]))
    for _ in range(2):
        story.tell(experiment(phase="Recovered", targets=[done], grade=report))
    assert [now - was for now, was in zip(read(), before, strict=True)] == [2, 1, 1, 1]


def test_shortcomings_name_every_check_that_failed() -> None:
    done = experiment(phase="Recovered", grade={"experiment": "run", "grade": {"detected": True, "residue": 2}})
    assert done.status.grade is not None
    assert shortcomings(done.status.grade.grade) == ["cause", "action", "verified", "residue"]
