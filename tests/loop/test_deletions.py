"""Whatever is deleted, and whenever, goes; and no fault outlives it. Each in a namespace made to be deleted."""

from __future__ import annotations

import contextlib
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
import redis.asyncio as redis
from pydantic import JsonValue

from incident_crds.base import APPROVE_ANNOTATION, CHAOS_LABEL, ObjectMeta, Resource
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from tests.systems.servers import (
    APP_PASSWORD,
    APP_USER,
    CONTROL_PASSWORD,
    CONTROL_USER,
    Server,
    redis_server,
    server_folder,
)

from ..conftest import OperatorProcess
from ..waiting import eventually
from .drive import Driver

SYSTEM = "cache"
KINDS: dict[str, type[Resource]] = {"experiment": ChaosExperiment, "plan": RemediationPlan, "system": MockSystem}

STATES = ("Pending", "Active", "AwaitingApproval", "Executing", "Recovering", "Recovered")
CASES = [
    (state, what)
    for state in STATES
    for what in ("experiment", "plan", "system", "namespace")
    if what != "plan" or state in ("AwaitingApproval", "Executing")
]
QUICK = {("Pending", "system"), ("Executing", "experiment"), ("AwaitingApproval", "plan"), ("Recovering", "namespace")}
"""One of each kind and of the harder states, in each run of the suite; the others with the slow tests."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with server_folder("doomed") as folder:
        found = redis_server(folder)
        found.start()
        yield found
        found.end(signal.SIGTERM)


@dataclass
class Place:
    """A namespace with one system, and what a test made there."""

    admin: ApiClient
    namespace: str
    server: Server

    async def make(self, **spec: object) -> ChaosExperiment:
        target = {"systemRef": {"name": SYSTEM}}
        body = {"spec": {"target": target, "fault": {"type": "RedisMemory", "redisMemory": {}}, **spec}}
        made = ChaosExperiment.model_validate(body)
        made.metadata = ObjectMeta(name="fill", namespace=self.namespace)
        return await self.admin.create(made)

    async def plan(self, *phases: PlanPhase) -> RemediationPlan:
        async def look() -> RemediationPlan | None:
            plans = await self.admin.list_all(RemediationPlan, self.namespace)
            return next((p for p in plans if p.status.phase in phases), None)

        return await eventually(look, f"a plan being {' or '.join(phases)}")

    def freeze(self) -> None:
        """It takes connections, and answers nothing."""
        assert self.server.process is not None
        self.server.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.server.process is not None
        self.server.process.send_signal(signal.SIGCONT)

    async def leftovers(self) -> int:
        url = f"redis://{CONTROL_USER}:{CONTROL_PASSWORD}@127.0.0.1:{self.server.port}/0"
        client = redis.Redis.from_url(url)
        try:
            return len([key async for key in client.scan_iter("session:*", count=1000)])
        finally:
            await client.aclose()

    async def delete(self, what: str) -> None:
        if what == "namespace":
            await self.admin.request("DELETE", f"/api/v1/namespaces/{self.namespace}")
        for found in await self._named(what):
            await self.admin.delete(type(found), *found.key)

    async def is_gone(self, what: str) -> None:
        async def look() -> bool | None:
            if what != "namespace":
                return None if await self._named(what) else True
            with contextlib.suppress(NotFound):
                await self.admin.request("GET", f"/api/v1/namespaces/{self.namespace}")
                return None
            return True

        await eventually(look, f"the {what} in {self.namespace} being gone", 60)

    async def _named(self, what: str) -> list[Resource]:
        kind = KINDS.get(what)
        return [] if kind is None else [*await self.admin.list_all(kind, self.namespace)]


@pytest_asyncio.fixture
async def place(admin: ApiClient, server: Server, operator: OperatorProcess) -> AsyncIterator[Place]:
    name = f"doomed-{secrets.token_hex(3)}"
    labels = {CHAOS_LABEL: "enabled"}
    await admin.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name, "labels": labels}})
    login = {"username": CONTROL_USER, "password": CONTROL_PASSWORD}
    body = {"metadata": {"name": SYSTEM}, "stringData": {**login, "appUsername": APP_USER, "appPassword": APP_PASSWORD}}
    await admin.request("POST", f"/api/v1/namespaces/{name}/secrets", body=body)
    endpoint = f"redis://127.0.0.1:{server.port}/0"
    external = {"endpoint": endpoint, "credentialsSecretRef": {"name": SYSTEM}}
    spec = {"type": "Redis", "external": external, "health": {"intervalSeconds": 1}}
    await admin.create(MockSystem.model_validate({"metadata": {"name": SYSTEM, "namespace": name}, "spec": spec}))
    found = Place(admin, name, server)

    async def ready() -> bool | None:
        status = (await admin.get(MockSystem, name, SYSTEM)).status
        return True if status.phase == "Ready" and status.seeded else None

    await eventually(ready, "the system being ready")
    yield found
    found.thaw()
    if not operator.is_running:
        operator.start()
    with contextlib.suppress(NotFound):
        await found.delete("experiment")
        await found.is_gone("experiment")
        await found.delete("namespace")  # nobody waits for that: it takes ten seconds, and others are waited for


async def bring_to(place: Place, state: str) -> None:
    """Make an experiment, and wait until it or its plan is in the state."""
    driver = Driver(place.admin)
    made = await place.make(suspend=state == "Pending", durationSeconds=1 if state == "Recovered" else 600)
    if state in ("Pending", "Active", "Recovered"):
        await driver.reaches(made, ExperimentPhase(state))
    elif state == "Recovering":
        await driver.reaches(made, ExperimentPhase.ACTIVE)
        place.freeze()  # so that the undo fails, again and again
        await place.admin.patch(ChaosExperiment, *made.key, {"spec": {"suspend": True}})
        await driver.reaches(made, ExperimentPhase.RECOVERING)
    else:
        plan = await place.plan(PlanPhase.AWAITING_APPROVAL)
        if state == "Executing":
            place.freeze()  # so that the action takes its time
            note: dict[str, JsonValue] = {APPROVE_ANNOTATION: plan.status.plan_hash}
            await place.admin.patch(RemediationPlan, *plan.key, {"metadata": {"annotations": note}})
            await place.plan(PlanPhase.EXECUTING)


@pytest.mark.parametrize(
    ("state", "what"),
    [
        pytest.param(*case, id="-".join(case), marks=() if case in QUICK else pytest.mark.slow)  # seconds each
        for case in CASES
    ],
)
async def test_a_deletion_ends_whenever_it_comes(place: Place, state: str, what: str) -> None:
    await bring_to(place, state)
    await place.delete(what)
    place.thaw()
    await place.is_gone(what)
    if what != "plan":  # whose experiment goes on
        assert await place.leftovers() == 0


async def test_an_incident_ends_with_its_system(place: Place) -> None:
    await bring_to(place, "AwaitingApproval")
    await place.delete("system")
    await place.is_gone("system")

    async def over() -> bool:
        incidents = await place.admin.list_all(Incident, place.namespace)
        return bool(incidents) and all(i.status.phase is IncidentPhase.RESOLVED for i in incidents)

    await eventually(over, "the end of its incident")


@pytest.mark.slow  # ten seconds each; tests/loop/test_crashes.py has the experiment's own
@pytest.mark.parametrize(("state", "what"), [("Active", "system"), ("Executing", "experiment")])
async def test_a_deletion_waits_for_an_operator_that_comes_back(
    place: Place, operator: OperatorProcess, state: str, what: str
) -> None:
    await bring_to(place, state)
    operator.kill()
    await place.delete(what)
    place.thaw()
    assert (await place.admin.get(ChaosExperiment, place.namespace, "fill")).status.phase is ExperimentPhase.ACTIVE
    assert await place.leftovers() > 0
    operator.start()
    await place.is_gone(what)
    assert await place.leftovers() == 0


@pytest.mark.slow  # the fault's whole duration and its grace
async def test_a_namespace_that_went_without_an_operator_ends_once_the_dead_man_has_acted(
    place: Place, operator: OperatorProcess
) -> None:
    """Its Secrets go at once, so that an operator that comes back has no way in: it says that it saw nothing."""
    made = await place.make(durationSeconds=1)
    await Driver(place.admin).reaches(made, ExperimentPhase.ACTIVE)
    operator.kill()
    await place.delete("namespace")

    async def secret_gone() -> bool | None:
        with contextlib.suppress(NotFound):
            await place.admin.request("GET", f"/api/v1/namespaces/{place.namespace}/secrets/{SYSTEM}")
            return None
        return True

    await eventually(secret_gone, "the Secret being gone")
    operator.start()

    async def tried() -> str | None:
        (target,) = (await place.admin.get(ChaosExperiment, place.namespace, "fill")).status.targets
        return target.last_error or None

    assert "Secret" in await eventually(tried, "a try to undo")
    await place.is_gone("namespace")
    assert await place.leftovers() == 0
    assert "not verified, as nobody can look any more" in operator.log.read_text()
