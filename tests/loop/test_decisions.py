"""Who may decide on a plan, with which words, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import JsonValue

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, VIA_ANNOTATION
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.errors import Forbidden, StatusError
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import VACUUMS, Driver, count_leftovers, postgres_value


@pytest_asyncio.fixture
async def driver(operator: OperatorProcess, sre: ApiClient) -> Driver:
    made = Driver(sre)
    await made.systems_ready()
    return made


@pytest_asyncio.fixture
async def waiting(driver: Driver) -> AsyncIterator[RemediationPlan]:
    """A plan that awaits approval, because Redis is really full."""
    experiment = await driver.start("redis-memory")
    yield await driver.plan_awaiting()
    await driver.client.delete(ChaosExperiment, *experiment.key)
    await driver.is_gone(experiment)


async def test_a_wrong_hash_is_answered_by_an_event_and_runs_nothing(driver: Driver, waiting: RemediationPlan) -> None:
    await driver.approve(waiting, "0000000000000000")
    event = await driver.event("WrongPlanHash", waiting.metadata.name)
    assert waiting.status.plan_hash in str(event["message"])

    async def cleared() -> RemediationPlan | None:
        plan = await driver.client.get(RemediationPlan, *waiting.key)
        return plan if APPROVE_ANNOTATION not in plan.metadata.annotations else None

    plan = await eventually(cleared, "the wrong hash being taken away")
    assert (plan.status.phase, plan.status.action_results) == (PlanPhase.AWAITING_APPROVAL, [])


async def test_a_viewer_and_the_operator_itself_may_not_approve(
    waiting: RemediationPlan, viewer: ApiClient, operator_client: ApiClient
) -> None:
    with pytest.raises(Forbidden, match="viewer"):
        await Driver(viewer).approve(waiting)
    with pytest.raises(StatusError, match="may remove a decision, and never set one"):
        await Driver(operator_client).approve(waiting)


async def test_the_approver_is_who_signed_in_whatever_is_claimed(driver: Driver, waiting: RemediationPlan) -> None:
    forged: dict[str, JsonValue] = {
        APPROVE_ANNOTATION: waiting.status.plan_hash,
        APPROVED_BY_ANNOTATION: "boss",
        VIA_ANNOTATION: "board",
    }
    await driver.client.patch(RemediationPlan, *waiting.key, {"metadata": {"annotations": forged}})
    plan = await driver.plan_reaches(waiting, PlanPhase.EXECUTING, PlanPhase.VERIFYING, PlanPhase.SUCCEEDED)
    assert plan.status.decision is not None
    assert (plan.status.decision.by, plan.status.decision.via) == ("sre", "board")

    async def cleared() -> bool:
        notes = (await driver.client.get(RemediationPlan, *waiting.key)).metadata.annotations
        return not notes.keys() & forged.keys()

    await eventually(cleared, "the whole request being taken away")


async def test_many_approvals_at_once_execute_once_and_a_late_one_is_answered(driver: Driver, stack: Stack) -> None:
    """Counted by Postgres itself, which keeps the number of vacuums of each table."""
    await driver.start("postgres-bloat")
    waiting = await driver.plan_awaiting()
    await asyncio.gather(*(driver.approve(waiting) for _ in range(20)))
    await driver.plan_reaches(waiting, PlanPhase.VERIFYING)
    table = waiting.spec.actions[0].params.table
    assert table is not None
    assert await postgres_value(stack, VACUUMS, table) == 1
    plan = await driver.plan_reaches(waiting, PlanPhase.SUCCEEDED)
    await driver.approve(waiting)
    await driver.event("AlreadyDecided", waiting.metadata.name)
    after = await driver.client.get(RemediationPlan, *waiting.key)
    assert after.status.decision == plan.status.decision
    assert after.status.action_results == plan.status.action_results


async def test_a_rejected_plan_is_never_run_and_a_person_is_called(driver: Driver, waiting: RemediationPlan) -> None:
    await driver.reject(waiting, "not during the sale")
    plan = await driver.plan_reaches(waiting, PlanPhase.REJECTED)
    assert plan.status.decision is not None
    assert (plan.status.decision.by, plan.status.decision.reason) == ("sre", "not during the sale")
    await driver.event("Escalated", plan.spec.incident_ref)
    incident = await driver.client.get(Incident, NAMESPACE, plan.spec.incident_ref)
    assert any(e.type == "PlanRejected" and e.actor == "sre" for e in incident.status.timeline)


async def test_a_changed_target_supersedes_the_plan(driver: Driver, waiting: RemediationPlan, admin: ApiClient) -> None:
    await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"team": "changed"}})
    try:
        plan = await driver.plan_reaches(waiting, PlanPhase.SUPERSEDED)
        assert plan.status.reason == "TargetChanged"
        assert plan.status.action_results == []
    finally:
        await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"team": ""}})


async def test_a_decision_that_comes_too_late_runs_nothing_and_is_answered(
    driver: Driver, waiting: RemediationPlan, admin: ApiClient, stack: Stack
) -> None:
    """After the plan expired, after it was rejected, and after its target changed; and with another plan's hash."""
    action = waiting.spec.actions[0]
    named = {n: action.model_copy(update={"id": n}) for n in ("expiring", "rejected", "changed")}
    expiring = await driver.propose(waiting, named["expiring"], expires_after_seconds=10)
    rejected = await driver.propose(waiting, named["rejected"])
    await driver.approve(waiting, rejected.status.plan_hash)
    assert waiting.status.plan_hash in str((await driver.event("WrongPlanHash", waiting.metadata.name))["message"])

    await driver.reject(rejected, "not this one")
    await driver.plan_reaches(rejected, PlanPhase.REJECTED)

    async def request_taken_away() -> bool:
        return REJECT_ANNOTATION not in (await admin.get(RemediationPlan, *rejected.key)).metadata.annotations

    await eventually(request_taken_away, "the request being taken away: nobody may ask for both")
    await driver.approve(rejected)
    event = await driver.event("AlreadyDecided", rejected.metadata.name)
    assert "Rejected, decided by sre" in str(event["message"])

    await driver.plan_reaches(expiring, PlanPhase.EXPIRED)
    await driver.event("Expired", expiring.metadata.name)
    await driver.approve(expiring)
    event = await driver.event("AlreadyDecided", expiring.metadata.name)
    assert "the plan is Expired" in str(event["message"])

    changed = await driver.propose(waiting, named["changed"])
    await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"team": "changed"}})
    try:
        await driver.approve(changed)
        await driver.plan_reaches(changed, PlanPhase.SUPERSEDED)
        await driver.event("TargetChanged", changed.metadata.name)
    finally:
        await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"team": ""}})
    plans = [await driver.client.get(RemediationPlan, *p.key) for p in (expiring, rejected, changed, waiting)]
    assert [p.status.action_results for p in plans] == [[], [], [], []]
    assert [p.status.decision.approved for p in plans if p.status.decision] == [False]
    assert await count_leftovers(stack, "redis-memory") > 0
