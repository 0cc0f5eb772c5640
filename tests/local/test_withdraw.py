"""A drill that is given up takes its experiment back, whatever is known of it by then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient, ApiConfig
from incident_crds.errors import NotFound
from incident_crds.mocksystem import MockSystem
from incident_local.approval import ApproveMode, Approver
from incident_local.drill import DrillRunner
from incident_local.errors import DrillFailed
from incident_local.progress import Progress
from incident_local.scenarios import load_drill

SYSTEM = {
    "metadata": {"name": "redis-test", "namespace": "drills"},
    "spec": {"type": "Redis", "external": {"endpoint": "redis://x", "credentialsSecretRef": {"name": "x"}}},
    "status": {"phase": "Ready", "health": 100, "seeded": True},
}


class NoAnswer(ApiClient):
    """A server that makes the experiment, and whose answer to that never comes."""

    def __init__(self) -> None:
        super().__init__(ApiConfig("https://unused"))
        self.made: list[str] = []
        self.created = asyncio.Event()

    @override
    async def get(self, kind: type[Any], namespace: str, name: str) -> Any:
        if kind is MockSystem:
            return MockSystem.parse(SYSTEM)
        raise NotFound(f"there is no {name}")

    @override
    async def list_all(self, kind: type[Any], namespace: str | None = None, **_: Any) -> list[Any]:
        return []

    @override
    async def create(self, obj: Any) -> Any:
        self.made.append(obj.metadata.name)
        self.created.set()
        await asyncio.Event().wait()

    @override
    async def delete(self, kind: type[Any], namespace: str, name: str, *, uid: str | None = None) -> None:
        assert (kind, namespace, uid) == (ChaosExperiment, "drills", None)
        self.made.remove(name)


def runner(client: ApiClient, seconds: float) -> DrillRunner:
    progress = Progress(quiet=True)
    approver = Approver(client, ApproveMode.AUTO, progress, "kubectl")
    return DrillRunner(client, approver, progress, timeout=timedelta(seconds=seconds))


async def test_interrupted_while_the_answer_is_on_its_way() -> None:
    client = NoAnswer()
    drill = asyncio.create_task(runner(client, 60).run(load_drill("redis-memory")))
    await client.created.wait()
    assert client.made[0].startswith("redis-memory-")
    drill.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drill
    assert client.made == []


async def test_timed_out_while_the_answer_is_on_its_way() -> None:
    client = NoAnswer()
    with pytest.raises(DrillFailed, match="its fault was withdrawn"):
        await runner(client, 0.01).run(load_drill("redis-memory"))
    assert client.created.is_set()
    assert client.made == []
