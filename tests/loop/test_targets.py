"""Several systems in one experiment, chosen by label; one of them fails; and a namesake is left alone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
import redis.asyncio as redis

from incident_crds.base import ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from tests.systems.servers import (
    APP_PASSWORD,
    APP_USER,
    CONTROL_PASSWORD,
    CONTROL_USER,
    Server,
    redis_server,
    server_folder,
)

from ..conftest import NAMESPACE, OperatorProcess
from ..waiting import eventually
from .drive import Driver

NAMES = ("cache-a", "cache-b", "cache-c")
SECRET = "caches"
DATA = 16 * 1024 * 1024


@dataclass
class Cache:
    """One Redis, looked at with a connection of the test's own."""

    name: str
    server: Server

    async def call(self, *command: str) -> object:
        url = f"redis://{CONTROL_USER}:{CONTROL_PASSWORD}@127.0.0.1:{self.server.port}/0"
        client = redis.Redis.from_url(url)
        try:
            found: object = await client.execute_command(*command)  # type: ignore[no-untyped-call]
            return found
        finally:
            await client.aclose()

    async def leftovers(self) -> int:
        keys = await self.call("KEYS", "session:*")
        assert isinstance(keys, list)
        return len(keys)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        found = {}
        for name in NAMES:
            found[name] = redis_server(stack.enter_context(server_folder(name)))
            found[name].start()
            stack.callback(found[name].end, signal.SIGTERM)
        yield found


def a_system(name: str, port: int) -> MockSystem:
    spec = {
        "type": "Redis",
        "external": {"endpoint": f"redis://127.0.0.1:{port}/0", "credentialsSecretRef": {"name": SECRET}},
        "health": {"intervalSeconds": 1},
    }
    labels = {"group": "caches"}
    return MockSystem.model_validate(
        {"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}, "spec": spec}
    )


@pytest_asyncio.fixture
async def caches(
    servers: dict[str, Server], operator: OperatorProcess, admin: ApiClient
) -> AsyncIterator[dict[str, Cache]]:
    """Three systems that are ready; gone after the test, as other tests count their systems."""
    await Driver(admin).systems_ready()
    found = {name: Cache(name, server) for name, server in servers.items()}
    secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    data = {
        "username": CONTROL_USER,
        "password": CONTROL_PASSWORD,
        "appUsername": APP_USER,
        "appPassword": APP_PASSWORD,
    }
    await admin.request("POST", secrets, body={"metadata": {"name": SECRET}, "stringData": data})
    for cache in found.values():
        await cache.call("CONFIG", "SET", "maxmemory", str(DATA))
        await admin.create(a_system(cache.name, cache.server.port))

    async def all_ready() -> bool | None:
        systems = await admin.list_all(MockSystem, NAMESPACE, label_selector="group=caches")
        return True if all(s.status.phase == "Ready" and s.status.seeded for s in systems) else None

    await eventually(all_ready, "three caches being ready")
    yield found
    if not operator.is_running:
        operator.start()
    for name in NAMES:
        await admin.delete(MockSystem, NAMESPACE, name)

    async def all_gone() -> bool | None:
        return None if await admin.list_all(MockSystem, NAMESPACE, label_selector="group=caches") else True

    await eventually(all_gone, "the caches being gone")
    for incident in await admin.list_all(Incident, NAMESPACE):
        if set(incident.spec.affected_systems) & set(NAMES):
            await admin.delete(Incident, *incident.key)
    await admin.request("DELETE", f"{secrets}/{SECRET}")


async def start(client: ApiClient, **target: object) -> ChaosExperiment:
    chosen = {"selector": {"matchLabels": {"group": "caches"}}, **target}
    made = ChaosExperiment.model_validate(
        {"spec": {"target": chosen, "fault": {"type": "RedisMemory", "redisMemory": {}}}}
    )
    made.metadata = ObjectMeta(generate_name="caches-", namespace=NAMESPACE)
    return await client.create(made)


async def leftovers(caches: dict[str, Cache]) -> dict[str, bool]:
    return {name: await cache.leftovers() > 0 for name, cache in caches.items()}


async def test_a_percent_of_the_systems_is_broken_and_one_that_fails_takes_the_others_back(
    caches: dict[str, Cache], sre: ApiClient
) -> None:
    driver = Driver(sre)
    made = await start(sre, mode="percent", value=34)  # of three: rounded up to two
    active = await driver.reaches(made, ExperimentPhase.ACTIVE)
    systems = {s.metadata.name: s.metadata.uid for s in await sre.list_all(MockSystem, NAMESPACE)}
    pinned = {t.system: t.uid for t in active.status.targets}
    assert pinned == {name: systems[name] for name in ("cache-a", "cache-b")}
    assert active.status.systems == "cache-a, cache-b"
    assert active.status.injected_at is not None
    assert active.status.expires_at is not None
    assert active.status.deadline_at is not None
    assert (active.status.expires_at - active.status.injected_at).total_seconds() == active.spec.duration_seconds
    assert active.status.expires_at <= active.status.deadline_at
    assert await leftovers(caches) == {"cache-a": True, "cache-b": True, "cache-c": False}
    await sre.patch(ChaosExperiment, *made.key, {"spec": {"suspend": True}})
    ended = await driver.reaches(made, ExperimentPhase.ABORTED)
    assert ended.status.reason == "Suspended"
    assert [t.residue for t in ended.status.targets] == [0, 0]
    assert not any((await leftovers(caches)).values())

    await caches["cache-b"].call("CONFIG", "SET", "maxmemory", "0")  # refuses to be filled
    failing = await start(sre, mode="all")
    failed = await driver.reaches(failing, ExperimentPhase.FAILED)
    assert failed.status.reason == "InjectionFailed"
    assert "has no maxmemory" in failed.status.message
    assert [(t.system, t.phase, t.residue) for t in failed.status.targets] == [
        (name, "Recovered", 0) for name in sorted(caches)
    ]
    assert not any((await leftovers(caches)).values()), "a fault stayed on the systems that could be broken"


@pytest.mark.slow  # an operator that was killed leaves its lease for fifteen seconds
async def test_a_namesake_with_another_uid_is_never_touched(
    caches: dict[str, Cache], operator: OperatorProcess, sre: ApiClient, admin: ApiClient
) -> None:
    """Made while no operator was there, under the name of the broken system, and pointing elsewhere."""
    driver = Driver(sre)
    made = await start(sre, mode="one")
    active = await driver.reaches(made, ExperimentPhase.ACTIVE)
    assert [t.system for t in active.status.targets] == ["cache-a"]
    await asyncio.to_thread(operator.kill)
    await admin.delete(MockSystem, NAMESPACE, "cache-a")
    await admin.patch(MockSystem, NAMESPACE, "cache-a", {"metadata": {"finalizers": None}})
    other = caches["cache-c"]
    await other.call("SET", "session:ours", "1")
    await admin.create(a_system("cache-a", other.server.port))
    operator.start()
    ended = await driver.reaches(made, ExperimentPhase.ABORTED)
    assert [t.residue for t in ended.status.targets] == [0]
    assert await caches["cache-a"].leftovers() == 0, "the broken system was not mended"
    assert await other.call("GET", "session:ours") == b"1"
    statistics = await other.call("INFO", "commandstats")
    assert isinstance(statistics, dict)
    assert "cmdstat_unlink" not in statistics, "the namesake's server was cleaned"
    await other.call("DEL", "session:ours")
