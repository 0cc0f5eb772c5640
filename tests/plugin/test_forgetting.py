"""Letting go of what nobody will undo any more: by an administrator only, and with a record that says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from pydantic import JsonValue

from incident_crds.base import UNDO_FINALIZER, ObjectMeta, format_time
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.errors import NotFound
from incident_crds.mocksystem import MockSystem

from ..conftest import NAMESPACE, Stack
from .test_cluster import Person, find_plugin

NAME = "nobody-undoes-it"
DEAD_MAN = "The server deletes the keys."


@pytest_asyncio.fixture
async def plugin(stack: Stack) -> Person:
    return await find_plugin(stack)


@pytest_asyncio.fixture
async def held(admin: ApiClient, operator_client: ApiClient) -> AsyncIterator[ChaosExperiment]:
    """As an operator leaves it that was ended in mid-fault, and never came back."""
    spec = {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": "RedisMemory", "redisMemory": {}}}
    made = ChaosExperiment.model_validate({"spec": spec})
    made.metadata = ObjectMeta(name=NAME, namespace=NAMESPACE, finalizers=["example.net/other", UNDO_FINALIZER])
    made = await admin.create(made)
    target: dict[str, JsonValue] = {"system": "redis-test", "uid": "u", "phase": "Active"}
    undo: dict[str, JsonValue] = {"tag": "session:abc:", "deadMan": DEAD_MAN}
    status: dict[str, JsonValue] = {
        "phase": "Active",
        "targets": [target | {"undo": undo}],
        "deadlineAt": format_time(datetime.now(UTC)),
    }
    await operator_client.patch(ChaosExperiment, *made.key, {"status": status}, subresource="status")
    await admin.delete(ChaosExperiment, *made.key)
    yield made
    try:
        await admin.patch(ChaosExperiment, *made.key, {"metadata": {"finalizers": None}})
    except NotFound:
        return


async def test_an_administrator_can_let_go_and_it_is_on_record_that_nothing_was_verified(
    plugin: Person, held: ChaosExperiment, admin: ApiClient
) -> None:
    asked = await plugin("forget", NAME, "-n", NAMESPACE, user="admin")
    assert asked.code == 1
    assert f"RedisMemory may be left on redis-test, all that carries session:abc: (dead-man: {DEAD_MAN})" in asked.err
    assert "No operator is there." in asked.err
    assert "add --force" in asked.err

    refused = await plugin("forget", NAME, "--force", "-n", NAMESPACE)
    assert refused.code == 1
    assert "the verb abandon on chaosexperiments.incidentsimulator.net is needed" in refused.err
    still = await admin.get(ChaosExperiment, *held.key)
    assert (UNDO_FINALIZER in still.metadata.finalizers, still.metadata.annotations) == (True, {})

    done = await plugin("forget", NAME, "--force", "-n", NAMESPACE, user="admin")
    assert done.code == 0, done.err
    assert "ForceReleased by admin at" in done.out
    assert "nothing is verified" in done.out
    left = await admin.get(ChaosExperiment, *held.key)
    assert left.metadata.finalizers == ["example.net/other"], "a finalizer of somebody else was taken away"
    assert "nothing is verified" in left.metadata.annotations["incidentsimulator.net/force-released"]
    events = await admin.request("GET", f"/api/v1/namespaces/{NAMESPACE}/events")
    (event,) = [e for e in events["items"] if e["involvedObject"]["name"] == NAME]
    assert (event["type"], event["reason"]) == ("Warning", "ForceReleased")
    assert "ForceReleased by admin" in event["message"]

    again = await plugin("forget", f"experiment/{NAME}", "--force", "-n", NAMESPACE, user="admin")
    assert again.code == 1
    assert "nothing of the simulator holds it" in again.err


async def test_a_system_is_let_go_in_the_same_way(plugin: Person, admin: ApiClient) -> None:
    external = {"endpoint": "redis://127.0.0.1:1/0", "credentialsSecretRef": {"name": "gone"}}
    made = MockSystem.model_validate({"spec": {"type": "Redis", "external": external}})
    made.metadata = ObjectMeta(name=NAME, namespace=NAMESPACE, finalizers=[UNDO_FINALIZER])
    await admin.create(made)
    done = await plugin("forget", f"system/{NAME}", "--force", "-n", NAMESPACE, user="admin")
    assert done.code == 0, done.err
    assert "nothing is verified: faults on this system, and what was created for it, may be left" in done.out
    with pytest.raises(NotFound):  # it was deleted, too
        await admin.get(MockSystem, NAMESPACE, NAME)


async def test_what_is_held_by_nobody_is_no_kind_to_forget(plugin: Person) -> None:
    wrong = await plugin("forget", "plan/x", "-n", NAMESPACE, user="admin")
    assert wrong.code == 2
    assert "plan is no kind that is held" in wrong.err
