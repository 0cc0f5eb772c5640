"""The main job: each drill from injection to a grade, on real servers, with a person's approval."""

from __future__ import annotations

import pytest

from incident_crds.chaosexperiment import ExperimentPhase, HealedBy
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason

from ..conftest import OperatorProcess, Stack
from .drive import DRILLS, Driver, count_leftovers

MACHINE_SECONDS = 3.0
DETECT_SECONDS = 2.0
UNNOTICED_SECONDS = {"postgres-lock": 2.0}
"""By the signal's own definition: a wait for a lock is ordinary until then."""
SLOW_SYSTEM = {"redis-latency": 6.0, "network-latency": 4.0}
"""How many times as long a drill takes on a slow system: its canary is awaited to notice, and before the fix."""


@pytest.mark.parametrize("drill", DRILLS)
async def test_a_drill_is_noticed_diagnosed_approved_healed_proven_and_graded(
    stack: Stack, operator: OperatorProcess, sre: ApiClient, drill: str
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start(drill)
    plan = await driver.plan_awaiting()
    assert await count_leftovers(stack, drill) > 0, "nothing was really broken"
    await driver.approve(plan)
    done = await driver.graded(experiment)

    assert (done.status.phase, done.status.healed_by) == (ExperimentPhase.RECOVERED, HealedBy.PLAN)
    report = done.status.grade
    assert report is not None
    assert report.grade.passed, report.model_dump_json(indent=1)
    assert (report.grade.residue, report.grade.collateral) == (0, 0)
    assert report.plan.approved_by == "sre"
    assert report.durations.detect is not None
    slower, unnoticed = SLOW_SYSTEM.get(drill, 1), UNNOTICED_SECONDS.get(drill, 0)
    assert report.durations.detect <= DETECT_SECONDS * slower + unnoticed
    assert report.durations.machine is not None
    assert report.durations.machine <= MACHINE_SECONDS * slower + unnoticed
    assert await count_leftovers(stack, drill) == 0

    incident = await sre.get(Incident, experiment.metadata.namespace or "drills", report.incident.name)
    assert (incident.status.phase, incident.status.reason) == (IncidentPhase.RESOLVED, ResolvedReason.VERIFIED)
    stamps = incident.status.timestamps
    times = [
        stamps.breached_at,
        stamps.detected_at,
        stamps.diagnosed_at,
        stamps.plan_proposed_at,
        stamps.approved_at,
        stamps.execution_started_at,
        stamps.mitigated_at,
        stamps.resolved_at,
    ]
    assert None not in times
    assert times == sorted(t for t in times if t is not None)
    assert experiment.metadata.name not in incident.model_dump_json()
    assert experiment.metadata.uid not in incident.model_dump_json()


async def test_a_control_without_a_fault_alarms_nobody(operator: OperatorProcess, sre: ApiClient) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("redis-memory", fault={"type": "None"}, durationSeconds=3)
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    assert done.status.grade.grade.passed
    assert (done.status.phase, done.status.healed_by) == (ExperimentPhase.RECOVERED, HealedBy.EXPIRY)
