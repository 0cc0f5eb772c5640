"""Who else may take part: external agents, people who ask, and the generator of practice incidents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from incident_crds.base import ObjectMeta, is_true
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.errors import Forbidden
from incident_crds.generator import HandledRequest, IncidentGenerator
from incident_crds.incident import Incident, IncidentPhase, IncidentSpec, IncidentType, RefusedRequest
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..crds.conftest import service_account, user_of
from ..waiting import eventually
from .drive import Driver


@pytest_asyncio.fixture
async def driver(operator: OperatorProcess, sre: ApiClient) -> Driver:
    made = Driver(sre)
    await made.systems_ready()
    return made


@pytest_asyncio.fixture
async def agent(stack: Stack, admin: ApiClient) -> AsyncIterator[ApiClient]:
    async with service_account(stack, admin, "agent", "incidentsim-agent") as client:
        yield client


async def ask(driver: Driver, incident: str, id: str, action: str, **fields: str) -> None:
    await driver.client.patch(
        Incident, NAMESPACE, incident, {"spec": {"request": {"id": id, "action": action, **fields}}}
    )


async def test_an_external_agent_reads_the_evidence_and_its_plan_is_graded(driver: Driver, agent: ApiClient) -> None:
    experiment = await driver.start("redis-memory")
    proposed = await driver.plan_awaiting()
    incident = await agent.get(Incident, NAMESPACE, proposed.spec.incident_ref)
    assert incident.status.evidence is not None
    with pytest.raises(Forbidden):
        await agent.list_all(ChaosExperiment, NAMESPACE)
    author = user_of("agent")
    spec = proposed.spec.model_copy(update={"author": author, "analysis": "I looked at the evidence."})
    made = await agent.create(
        RemediationPlan(metadata=ObjectMeta(name=f"{incident.metadata.name}-agent", namespace=NAMESPACE), spec=spec)
    )
    with pytest.raises(Forbidden):
        await Driver(agent).approve(made)
    waiting = await driver.plan_reaches(made, PlanPhase.AWAITING_APPROVAL)
    await driver.approve(waiting)
    await driver.plan_reaches(waiting, PlanPhase.EXECUTING, PlanPhase.VERIFYING)
    await driver.approve(proposed)  # two at once would not know of each other
    await driver.event("AnotherPlanRuns", proposed.metadata.name)
    await driver.plan_reaches(waiting, PlanPhase.SUCCEEDED)
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    assert done.status.grade.grade.passed
    assert done.status.grade.plan.name == made.metadata.name
    await driver.plan_reaches(proposed, PlanPhase.SUPERSEDED)


async def test_a_person_gets_another_plan_or_diagnosis_by_asking(driver: Driver) -> None:
    experiment = await driver.start("redis-memory")
    first = await driver.plan_awaiting()
    name = first.spec.incident_ref
    before = (await driver.client.get(Incident, NAMESPACE, name)).status.evidence
    await driver.reject(first, "not yet")

    async def called() -> bool:  # an Event could be of an earlier occurrence
        return is_true((await driver.client.get(Incident, NAMESPACE, name)).status.conditions, "Escalated")

    await eventually(called, "a person being called")
    await ask(driver, name, "again", "Propose", reason="now it suits")
    second = await driver.plan_awaiting()
    assert second.metadata.name != first.metadata.name
    await ask(driver, name, "look", "Diagnose")

    async def anew() -> bool | None:
        status = (await driver.client.get(Incident, NAMESPACE, name)).status
        fresh = status.diagnosis is not None and status.evidence is not None and "look" in status.handled_requests
        return (
            True
            if fresh and before and status.evidence and status.evidence.collected_at > before.collected_at
            else None
        )

    await eventually(anew, "a new diagnosis")
    assert (await driver.client.get(RemediationPlan, *second.key)).status.phase is PlanPhase.AWAITING_APPROVAL
    await driver.client.delete(ChaosExperiment, *experiment.key)
    await driver.is_gone(experiment)


async def test_a_report_without_a_system_is_diagnosed_on_demand_and_gets_no_plan(driver: Driver) -> None:
    """What a service for diagnoses of any text stands on."""
    spec = IncidentSpec(title="Log-ins fail", source="auth-service", incident_type=IncidentType.TRAINING)
    made = await driver.client.create(Incident(metadata=ObjectMeta(name="reported", namespace=NAMESPACE), spec=spec))
    await ask(driver, "reported", "look", "Diagnose")

    async def diagnosed() -> Incident | None:
        found = await driver.client.get(Incident, *made.key)
        return found if found.status.diagnosis is not None else None

    found = await eventually(diagnosed, "the diagnosis")
    assert found.status.diagnosis is not None
    assert found.status.diagnosis.root_cause.fault_type is None
    assert found.status.evidence is not None
    assert found.status.evidence.system == "unknown", "a text of its author's would be read as ours"
    assert "Log-ins fail" in str(found.status.evidence.tables)
    assert found.status.plans == []
    await ask(driver, "reported", "heal", "Propose")

    async def refused() -> RefusedRequest | None:
        return (await driver.client.get(Incident, *made.key)).status.refused_request

    assert ((why := await eventually(refused, "the refusal")).id, why.reason) == ("heal", "NotActionable")
    await ask(driver, "reported", "over", "FalseAlarm")


async def wish(driver: Driver, generator: IncidentGenerator, **request: str) -> HandledRequest:
    """Ask the generator for an incident now; returns what it says about it."""
    await driver.client.patch(IncidentGenerator, *generator.key, {"spec": {"request": {**request}}})

    async def handled() -> HandledRequest | None:
        found = (await driver.client.get(IncidentGenerator, *generator.key)).status.handled_request
        return found if found and found.id == request["id"] else None

    return await eventually(handled, "the request being handled", 20)


async def test_the_generator_makes_practice_incidents_until_it_is_stopped(driver: Driver, admin: ApiClient) -> None:
    generator = IncidentGenerator.model_validate(
        {"spec": {"minIntervalSeconds": 1, "maxIntervalSeconds": 1, "maxOpen": 2, "seed": 7}}
    )
    generator.metadata = ObjectMeta(name="practice", namespace=NAMESPACE)
    await driver.client.create(generator)
    try:

        async def enough() -> IncidentGenerator | None:
            found = await driver.client.get(IncidentGenerator, *generator.key)
            reasons = [c.reason for c in found.status.conditions]
            return found if "TooManyOpen" in reasons else None

        found = await eventually(enough, "two open practice incidents", 20)
        assert found.status.generated == 2
        await driver.client.patch(IncidentGenerator, *generator.key, {"spec": {"enabled": False}})

        async def taken_in() -> list[Incident] | None:
            everything = await driver.client.list_all(Incident, NAMESPACE)
            found = [i for i in everything if i.spec.generated_by == "generator practice"]
            return found if all(i.status.phase is not None for i in found) else None

        made = await eventually(taken_in, "the operator taking in what the generator made")
        assert [i.metadata.name[-5:] for i in made] == ["00001", "00002"]
        for incident in made:
            assert incident.spec.incident_type is IncidentType.SYNTHETIC
            assert not incident.status.actionable
            assert incident.status.diagnosis is None
            assert (incident.status.severity, incident.status.number[:4]) == (incident.spec.severity, "INC-")
        await asyncio.gather(*(ask(driver, i.metadata.name, "over", "FalseAlarm") for i in made))

        async def over() -> bool | None:
            phases = [(await driver.client.get(Incident, *i.key)).status.phase for i in made]
            return True if phases == [IncidentPhase.RESOLVED] * 2 else None

        await eventually(over, "both being resolved")
        stopped = await driver.client.get(IncidentGenerator, *generator.key)
        assert stopped.status.generated == 2
        refused = await wish(driver, generator, id="r1", template="no-such")
        assert refused.incident == ""
        assert "disk-low" in refused.message
        granted = await wish(driver, generator, id="r2", template="disk-low")
        asked_for = await driver.client.get(Incident, NAMESPACE, granted.incident)
        assert (asked_for.spec.incident_type, asked_for.spec.source) == (IncidentType.SYNTHETIC, "disk-monitor")
        await ask(driver, granted.incident, "over", "FalseAlarm")
        assert (await driver.client.get(IncidentGenerator, *generator.key)).status.generated == 2
    finally:
        await admin.delete(IncidentGenerator, *generator.key)
