"""A slow Redis makes Postgres suffer, through a real application that uses both: one incident, with the true cause."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest

from incident_crds.catalogue import FaultType, SignalName
from incident_crds.chaosexperiment import HealedBy
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..processes import ServerProcess
from ..waiting import eventually
from .drive import Driver, count_leftovers, postgres_value

REDIS, POSTGRES = "redis-test", "postgres-test"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shop-web'"


@pytest.fixture
def shop(stack: Stack) -> Iterator[None]:
    """The shop, as `up` starts it beside the operator."""
    ports, secrets = json.loads((stack.state / "ports.json").read_text()), stack.state / "secrets"
    environment = {
        "INCIDENTSIM_SHOP_POSTGRES": f"postgresql://127.0.0.1:{ports[f'{POSTGRES}-clients']}/app",
        "INCIDENTSIM_SHOP_POSTGRES_PASSWORD_FILE": str(secrets / f"{POSTGRES}.app.password"),
        "INCIDENTSIM_SHOP_REDIS": f"redis://127.0.0.1:{ports[f'{REDIS}-clients']}/0",
        "INCIDENTSIM_SHOP_REDIS_PASSWORD_FILE": str(secrets / f"{REDIS}.app.password"),
    }
    process = ServerProcess("incident_operator.shop", url="", log=stack.logs / "shop.log", environment=environment)
    process.start(wait_ready=False)
    yield
    process.stop()


async def open_incidents(client: ApiClient) -> list[Incident]:
    return [i for i in await client.list_all(Incident, NAMESPACE) if i.status.phase is not IncidentPhase.RESOLVED]


async def joined(client: ApiClient, *systems: str) -> Incident:
    """The only open incident, once it is about these systems, in this order."""

    async def look() -> Incident | None:
        found = await open_incidents(client)
        assert len(found) <= 1, [i.metadata.name for i in found]
        return next((i for i in found if tuple(i.systems) == systems), None)

    return await eventually(look, f"one incident of {' and '.join(systems)}", 90)


async def ends_by_itself(stack: Stack) -> None:
    async def look() -> bool:
        return 0 < await postgres_value(stack, SESSIONS) <= 5

    await eventually(look, "the end of the pile", 10)


async def test_what_suffers_joins_the_incident_of_the_cause(
    stack: Stack, shop: None, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    await ends_by_itself(stack)
    experiment = await driver.start("cascade")
    plan = await driver.plan_awaiting()
    incident = await joined(sre, REDIS, POSTGRES)
    assert await postgres_value(stack, SESSIONS) > 25
    assert [b.owner for b in await breaches(sre, POSTGRES) if b.signal is SignalName.CONNECTIONS] == [REDIS]
    await driver.approve(plan)
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    assert done.status.grade.grade.passed, done.status.grade.model_dump_json(indent=1)
    assert done.status.healed_by is HealedBy.PLAN
    assert done.status.incidents == [incident.metadata.name]
    over = await sre.get(Incident, *incident.key)
    assert over.status.reason is ResolvedReason.VERIFIED
    for name in (REDIS, POSTGRES):
        assert [b.signal for b in await breaches(sre, name) if b.ended_at is None] == []
    await ends_by_itself(stack)
    assert await count_leftovers(stack, "network-latency") == 0


async def breaches(client: ApiClient, system: str) -> list[Breach]:
    return (await client.get(MockSystem, NAMESPACE, system)).status.breaches


@asynccontextmanager
async def probed(admin: ApiClient, **health: int) -> AsyncIterator[None]:
    """Redis is watched otherwise than it usually is here."""

    async def patch(health: Mapping[str, int]) -> None:
        patched = await admin.patch(MockSystem, NAMESPACE, REDIS, {"spec": {"health": dict(health)}})

        async def look() -> bool:
            system = await admin.get(MockSystem, NAMESPACE, REDIS)
            return (system.status.observed_generation or 0) >= (patched.metadata.generation or 0)

        await eventually(look, "the operator's notice of that")

    await patch(health)
    yield
    await patch({"breachSamples": 1, "intervalSeconds": 1})


@asynccontextmanager
async def delayed(stack: Stack, client: ApiClient) -> AsyncIterator[None]:
    """By nobody's experiment: no probe is taken for it, and it lasts over a restart of the operator."""
    external = (await client.get(MockSystem, NAMESPACE, REDIS)).spec.external
    assert external is not None
    assert external.proxy_ref is not None
    url = f"{external.proxy_ref.url}/latency"
    headers = {"Authorization": f"Bearer {stack.system(REDIS).control_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        try:
            async with session.put(url, json={"milliseconds": 600, "seconds": 300, "tag": "route-own"}) as answer:
                assert answer.status == 200
            yield
        finally:
            await session.delete(url)


async def heal(driver: Driver, plan: RemediationPlan, incident: Incident) -> None:
    """Approve the plan; it has to end the harm, in Redis, and to be verified on both systems."""
    assert {action.system for action in plan.spec.actions} == {REDIS}
    assert {check.system for check in plan.spec.verification} == {REDIS, POSTGRES}
    await driver.approve(plan)
    done = await driver.plan_reaches(plan, *(p for p in PlanPhase if p.is_final), seconds=60)
    assert done.status.phase is PlanPhase.SUCCEEDED, done.status.message
    await driver.systems_ready()
    over = await driver.client.get(Incident, *incident.key)
    assert over.status.reason is ResolvedReason.VERIFIED
    assert over.status.diagnosis is not None
    cause = over.status.diagnosis.root_cause
    assert (cause.system, cause.fault_type) == (REDIS, FaultType.NETWORK_LATENCY)


async def test_the_cause_is_looked_for_before_the_first_plan(
    stack: Stack, shop: None, operator: OperatorProcess, admin: ApiClient, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    async with probed(admin, intervalSeconds=60):
        await ends_by_itself(stack)
        async with delayed(stack, sre):
            plan = await driver.plan_awaiting()
            await heal(driver, plan, await joined(sre, POSTGRES, REDIS))


@pytest.mark.slow  # a killed operator's Lease has to run out; tests/domain/test_cascade.py shows each decision alone
async def test_a_cause_that_is_noticed_later_joins_and_is_named(
    stack: Stack, shop: None, operator: OperatorProcess, admin: ApiClient, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    await ends_by_itself(stack)
    async with probed(admin, breachSamples=6), delayed(stack, sre):
        first = await driver.plan_awaiting()
        # it may have looked so late that Redis was known to be broken: then that plan is right already
        is_late = {action.system for action in first.spec.actions} == {POSTGRES}
        operator.kill()
        operator.start()
        incident = await joined(sre, POSTGRES, REDIS)
        if is_late:
            await driver.plan_reaches(first, PlanPhase.SUPERSEDED)
        await heal(driver, await driver.plan_awaiting(), incident)
