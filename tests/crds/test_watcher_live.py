"""The watcher against the real API server."""

from __future__ import annotations

from typing import Any

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import Incident
from incident_crds.watcher import Watcher

from ..conftest import NAMESPACE
from ..waiting import eventually
from .follower import Follower
from .manifests import good, send


async def test_a_real_server_is_followed(sre: ApiClient, admin: ApiClient) -> None:
    follower = Follower(sre, namespace=NAMESPACE, label_selector="test=watcher")
    async with follower.running() as watcher:
        await watcher.wait_synced()
        manifest = good("Incident", "watched", incidentType="Training")
        manifest["metadata"]["labels"] = {"test": "watcher"}
        created = Incident.parse(await send(sre, manifest))
        changed = await sre.patch(Incident, *created.key, {"spec": {"notes": "x"}})
        await eventually(lambda: _is_at(watcher, changed), "the change is seen", 20)
        assert "managedFields" not in str(watcher.objects[created.key].to_json())
        await admin.delete(Incident, *created.key)

        async def is_gone() -> bool:
            return created.key not in watcher.objects

        await eventually(is_gone, "the deletion is seen", 20)
    assert [line.split()[0] for line in follower.told] == ["ADDED", "MODIFIED", "DELETED"]


async def _is_at(watcher: Watcher[Any], obj: Incident) -> bool:
    seen = watcher.objects.get(obj.key)
    return seen is not None and seen.metadata.resource_version == obj.metadata.resource_version


async def test_a_real_server_forgets_old_positions(sre: ApiClient) -> None:
    """What the watcher does about it is tried with a scripted one."""
    events = [e async for e in sre.watch(Incident, resource_version="1", timeout_seconds=5)]
    assert [(e["type"], e["object"]["code"]) for e in events] == [("ERROR", 410)]


async def test_a_real_server_names_the_missing_right(agent: ApiClient) -> None:
    follower = Follower(agent, ChaosExperiment, namespace=NAMESPACE)
    async with follower.running() as watcher:

        async def is_told() -> bool:
            return bool(watcher.problem)

        await eventually(is_told, "the problem", 20)
    assert f"chaosexperiments.incidentsimulator.net are needed in namespace {NAMESPACE}" in watcher.problem
    assert 'cannot list resource "chaosexperiments"' in watcher.problem
