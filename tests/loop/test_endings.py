"""How incidents end, and what is no end: a fix that stops the system; harm that goes by itself, or comes back."""

from __future__ import annotations

from datetime import timedelta

from incident_crds.base import is_true
from incident_crds.chaosexperiment import ChaosExperiment, HealedBy
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason
from incident_crds.remediationplan import PlanPhase
from incident_operator.targets import Control

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver


async def test_a_fix_that_leaves_the_system_stopped_is_no_success(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    """The keys that filled it are gone, and so is the process."""
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("redis-memory")
    proposed = await driver.plan_awaiting()
    checks = [c.model_copy(update={"hold_seconds": 60}) for c in proposed.spec.verification]
    plan = await driver.propose(proposed, *proposed.spec.actions, verification=checks)
    await driver.approve(plan)
    await driver.plan_reaches(plan, PlanPhase.VERIFYING)
    access = stack.system("redis-test")
    control = Control(access.control_url, access.control_token)
    await control.stop(timedelta(seconds=60), "by-hand")
    try:
        ended = await driver.plan_reaches(plan, *(p for p in PlanPhase if p.is_final))
    finally:
        await control.start()
    assert (ended.status.phase, ended.status.reason) == (PlanPhase.FAILED, "WorseThanBefore")
    assert [r.succeeded for r in ended.status.action_results] == [True]

    async def called() -> bool:
        incident = await sre.get(Incident, NAMESPACE, plan.spec.incident_ref)
        return is_true(incident.status.conditions, "Escalated")

    await eventually(called, "a person being called")
    await sre.delete(ChaosExperiment, *experiment.key)
    await driver.is_gone(experiment)


async def test_harm_that_comes_back_reopens_its_incident_and_ends_by_itself(
    operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    first = await driver.start("disk-full")
    plan = await driver.plan_awaiting()
    await driver.approve(plan)
    assert (await driver.graded(first)).status.healed_by is HealedBy.PLAN
    name = plan.spec.incident_ref
    fixed = await sre.get(Incident, NAMESPACE, name)
    assert (fixed.status.phase, fixed.status.reason) == (IncidentPhase.RESOLVED, ResolvedReason.VERIFIED)

    second = await driver.start("disk-full")
    waiting = await driver.plan_awaiting()
    assert waiting.spec.incident_ref == name, "a relapse is no new incident"
    again = await sre.get(Incident, NAMESPACE, name)
    assert again.status.phase is not IncidentPhase.RESOLVED
    assert not is_true(again.status.conditions, "Resolved")
    assert again.status.reason is None
    assert (again.status.number, again.status.relapses) == (fixed.status.number, fixed.status.relapses + 1)
    assert again.status.earlier_timestamps[-1] == fixed.status.timestamps
    assert again.status.timestamps.resolved_at is None
    assert again.status.timestamps.acknowledged_at is None
    assert "Relapsed" in [e.type for e in again.status.timeline]
    assert [m.to for m in again.status.status_history][-2:] == [IncidentPhase.RESOLVED, IncidentPhase.INVESTIGATING]

    await sre.delete(ChaosExperiment, *second.key)  # nobody decides; the harm ends without the plan
    superseded = await driver.plan_reaches(waiting, PlanPhase.SUPERSEDED)
    assert superseded.status.reason == "IncidentResolved"
    assert superseded.status.action_results == []
    over = await sre.get(Incident, NAMESPACE, name)
    assert (over.status.phase, over.status.reason) == (IncidentPhase.RESOLVED, ResolvedReason.SELF_RECOVERED)
    await driver.is_gone(second)
