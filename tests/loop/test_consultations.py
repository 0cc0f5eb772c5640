"""A question about a system, put as an incident that goes again: what an endpoint for diagnoses stands on."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from incident_crds.base import CONSULTATION, PURPOSE_LABEL, ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentSpec, IncidentType, RemediationMode
from incident_crds.mocksystem import MockSystem
from incident_crds.report import DrillReport

from ..conftest import NAMESPACE, OperatorProcess
from ..waiting import eventually
from .drive import Driver

COUNTER = "/api/v1/namespaces/incidentsim-system/configmaps/incidentsim-counter"


@pytest_asyncio.fixture
async def driver(operator: OperatorProcess, sre: ApiClient) -> Driver:
    made = Driver(sre)
    await made.systems_ready()
    return made


async def consult(driver: Driver, name: str, **spec: Any) -> Incident:
    """Ask, and return once there is an answer."""
    metadata = ObjectMeta(name=name, namespace=NAMESPACE, labels={PURPOSE_LABEL: CONSULTATION})
    asked = IncidentSpec(title="What is wrong?", remediation_mode=RemediationMode.ADVISORY, **spec)
    made = await driver.client.create(Incident(metadata=metadata, spec=asked))

    async def look() -> Incident | None:
        found = await driver.client.get(Incident, *made.key)
        return found if found.status.diagnosis is not None else None

    return await eventually(look, f"the answer to {name}", 10)


async def test_a_question_is_answered_and_counts_nowhere(driver: Driver, admin: ApiClient) -> None:
    experiment = await driver.start("redis-memory")
    plan = await driver.plan_awaiting()
    counted = (await admin.request("GET", COUNTER))["data"]
    about = await consult(driver, "ask-redis", affected_systems=["redis-test"])
    report = await consult(driver, "ask-text", incident_type=IncidentType.TRAINING, description="Log-ins fail")
    try:
        assert about.status.diagnosis is not None
        assert about.status.diagnosis.root_cause.fault_type == "RedisMemory"
        assert report.status.diagnosis is not None
        assert report.status.diagnosis.root_cause.fault_type is None
        for found in (about, report):
            assert (found.status.number, found.status.plans, found.spec.severity) == ("", [], None)
        await driver.approve(plan)
        grade = await graded(driver, experiment)
        assert grade.grade.passed, grade.model_dump_json(indent=1)
        assert (await admin.request("GET", COUNTER))["data"] == counted
        assert (await driver.experiment(experiment)).status.incidents == [plan.spec.incident_ref]
        system = await driver.client.get(MockSystem, NAMESPACE, "redis-test")
        assert not {"ask-redis", "ask-text"} & set(system.status.open_incidents)
        events = await admin.request("GET", f"/api/v1/namespaces/{NAMESPACE}/events")
        assert not [e for e in events["items"] if e["involvedObject"]["name"].startswith("ask-")]
    finally:
        for asked in (about, report):
            await driver.client.delete(Incident, *asked.key)


async def graded(driver: Driver, experiment: ChaosExperiment) -> DrillReport:
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    return done.status.grade
