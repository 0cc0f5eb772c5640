"""Drives the loop as a user would, through the API; and looks at the systems without the code under test."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psycopg
import redis.asyncio as redis
import yaml

from incident_crds.action import Action
from incident_crds.base import APPROVE_ANNOTATION, REJECT_ANNOTATION, ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, Stack
from ..waiting import eventually

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DRILLS = (
    "redis-memory",
    "redis-connections",
    "redis-latency",
    "postgres-connections",
    "postgres-bloat",
    "postgres-lock",
    "disk-full",
    "system-down",
    "network-latency",
)
VACUUMS = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = %s"


class Driver:
    """One user's hands on the loop."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    async def systems_ready(self) -> None:
        """Every system is reached, healthy, seeded and without an open incident."""

        async def look() -> bool | None:
            systems = await self.client.list_all(MockSystem, NAMESPACE)
            good = all(s.status.phase == "Ready" and s.status.seeded and (s.status.health or 0) >= 50 for s in systems)
            incidents = await self.client.list_all(Incident, NAMESPACE)
            quiet = all(i.status.phase is IncidentPhase.RESOLVED for i in incidents)
            plans = await self.client.list_all(RemediationPlan, NAMESPACE)
            decided = all(p.status.phase is not None and p.status.phase.is_final for p in plans)
            experiments = await self.client.list_all(ChaosExperiment, NAMESPACE)
            undone = all(e.metadata.deletion_timestamp is None for e in experiments)
            return True if len(systems) == 3 and good and quiet and decided and undone else None

        await eventually(look, "three healthy systems", 60)

    async def start(self, drill: str, **spec: object) -> ChaosExperiment:
        """Create the scenario's experiment, with a name of its own."""
        manifest = yaml.safe_load((SCENARIOS / f"{drill}.yaml").read_text())
        manifest["spec"].update(spec)
        experiment = ChaosExperiment.parse(manifest)
        experiment.metadata = ObjectMeta(
            generate_name=f"{drill}-", namespace=NAMESPACE, labels=experiment.metadata.labels
        )
        return await self.client.create(experiment)

    async def experiment(self, experiment: ChaosExperiment) -> ChaosExperiment:
        return await self.client.get(ChaosExperiment, *experiment.key)

    async def reaches(
        self, experiment: ChaosExperiment, *phases: ExperimentPhase, seconds: float = 30
    ) -> ChaosExperiment:
        async def look() -> ChaosExperiment | None:
            now = await self.experiment(experiment)
            return now if now.status.phase in phases else None

        return await eventually(look, f"{experiment.metadata.name} being {' or '.join(phases)}", seconds)

    async def is_gone(self, experiment: ChaosExperiment, seconds: float = 30) -> None:
        async def look() -> bool | None:
            try:
                await self.experiment(experiment)
            except NotFound:
                return True
            return None

        await eventually(look, f"{experiment.metadata.name} being gone", seconds)

    async def graded(self, experiment: ChaosExperiment, seconds: float = 60) -> ChaosExperiment:
        async def look() -> ChaosExperiment | None:
            now = await self.experiment(experiment)
            return now if now.status.grade is not None else None

        return await eventually(look, f"{experiment.metadata.name} being graded", seconds)

    async def plan_awaiting(self) -> RemediationPlan:
        """One is proposed while the fault still grows; it is for whoever waits until all of that is there."""

        async def look() -> RemediationPlan | None:
            experiments = await self.client.list_all(ChaosExperiment, NAMESPACE)
            if any(e.status.phase is ExperimentPhase.INJECTING for e in experiments):
                return None
            plans = await self.client.list_all(RemediationPlan, NAMESPACE)
            return next((p for p in plans if p.status.phase is PlanPhase.AWAITING_APPROVAL), None)

        return await eventually(look, "a plan awaiting approval")

    async def plan_reaches(self, plan: RemediationPlan, *phases: PlanPhase, seconds: float = 30) -> RemediationPlan:
        async def look() -> RemediationPlan | None:
            now = await self.client.get(RemediationPlan, *plan.key)
            return now if now.status.phase in phases else None

        return await eventually(look, f"{plan.metadata.name} being {' or '.join(phases)}", seconds)

    async def propose(self, like: RemediationPlan, *actions: Action, **spec_fields: object) -> RemediationPlan:
        """A plan of one's own for the same incident and with the same checks; returns once it awaits approval."""
        own = {"author": "sre", "actions": list(actions), "attempt": like.spec.attempt + 1}
        spec = like.spec.model_copy(update=own | spec_fields)
        name = f"{like.spec.incident_ref}-own-{actions[0].id}"
        made = RemediationPlan(metadata=ObjectMeta(name=name, namespace=NAMESPACE), spec=spec)
        return await self.plan_reaches(await self.client.create(made), PlanPhase.AWAITING_APPROVAL)

    async def action_started(self, plan: RemediationPlan) -> None:
        async def look() -> bool | None:
            return True if (await self.client.get(RemediationPlan, *plan.key)).status.action_results else None

        await eventually(look, "the first action's start")

    async def approve(self, plan: RemediationPlan, hash: str | None = None) -> None:
        value = plan.status.plan_hash if hash is None else hash
        await self.client.patch(RemediationPlan, *plan.key, {"metadata": {"annotations": {APPROVE_ANNOTATION: value}}})

    async def reject(self, plan: RemediationPlan, reason: str) -> None:
        await self.client.patch(RemediationPlan, *plan.key, {"metadata": {"annotations": {REJECT_ANNOTATION: reason}}})

    async def event(self, reason: str, about: str) -> dict[str, object]:
        """The Event with this reason about the object of this name."""

        async def look() -> dict[str, object] | None:
            events = await self.client.request("GET", f"/api/v1/namespaces/{NAMESPACE}/events")
            for event in events["items"]:
                if event["reason"] == reason and event["involvedObject"]["name"] == about:
                    found: dict[str, object] = event
                    return found
            return None

        return await eventually(look, f"an Event {reason} about {about}", 10)


async def count_leftovers(stack: Stack, drill: str) -> int:
    """What the drill's fault left on its system, by names that only faults use."""
    match drill:
        case "redis-memory":
            return await _redis_leftovers(stack)
        case "redis-connections":
            return await _redis_clients(stack, "worker-")
        case "redis-latency":
            return await _redis_clients(stack, "report-")
        case "postgres-connections" | "postgres-lock":
            return await postgres_value(
                stack, "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^worker-'"
            )
        case "postgres-bloat":
            return await postgres_value(
                stack,
                "SELECT (SELECT count(*) FROM pg_class WHERE relname ~ '^events_' AND relkind = 'r')"
                " + (SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^events_')",
            )
        case "disk-full":
            return await _disk_leftovers(stack)
        case "system-down":
            return int(not await _answers(stack.system("redis-test").endpoint))
        case "network-latency":
            return len(_delays(stack))
    raise AssertionError(drill)


async def _answers(endpoint: str) -> bool:
    url = urlsplit(endpoint)
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _delays(stack: Stack) -> list[str]:
    """The proxies' own records of delays."""
    found = (stack.state / "data").glob("*-proxy/latency.json")
    return [record.parent.name for record in found]


async def _redis_leftovers(stack: Stack) -> int:
    system = stack.system("redis-test")
    client = redis.Redis.from_url(system.endpoint, username=system.username, password=system.password)
    try:
        return len([key async for key in client.scan_iter("session:*", count=1000)])
    finally:
        await client.aclose()


async def _redis_clients(stack: Stack, prefix: str) -> int:
    system = stack.system("redis-test")
    client = redis.Redis.from_url(system.endpoint, username=system.username, password=system.password)
    try:
        return len([c for c in await client.client_list() if c["name"].startswith(prefix)])
    finally:
        await client.aclose()


async def postgres_value(stack: Stack, query: str, *parameters: str) -> int:
    """The one number that the query gives."""
    system = stack.system("postgres-test")
    address = system.endpoint.replace("://", f"://{system.username}:{system.password}@")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        row = await (await connection.execute(query, parameters)).fetchone()
        assert row is not None
        return int(row[0])


async def _disk_leftovers(stack: Stack) -> int:
    system = stack.system("disk-monitor")
    headers = {"Authorization": f"Bearer {system.password}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{system.endpoint}/files") as answer:
        files = (await answer.json())["files"]
    return len([f for f in files if f["path"].startswith("app-")])
