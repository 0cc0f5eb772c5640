"""An uninstall leaves no fault behind, and nothing that hangs; wherever it was ended, the next one finishes it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from pydantic import JsonValue

from incident_crds.access import COUNTER, KILL_SWITCH, LEASE
from incident_crds.base import UNDO_FINALIZER, is_true
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import AlreadyExists, NotFound
from incident_crds.mocksystem import MockSystem

from ..conftest import NAMESPACE, Stack
from ..loop.drive import Driver, count_leftovers
from .release import Release, nothing
from .running import SYSTEM, Hook

OTHERS = "example.com/held"
OWN = (
    raw_path("v1", "configmaps", SYSTEM, KILL_SWITCH),
    raw_path("v1", "configmaps", SYSTEM, COUNTER),
    raw_path("coordination.k8s.io/v1", "leases", SYSTEM, LEASE),
)


async def finalizers(admin: ApiClient) -> list[list[str]]:
    found = [*await admin.list_all(ChaosExperiment), *await admin.list_all(MockSystem)]
    return [each.metadata.finalizers for each in found]


async def exists(admin: ApiClient, path: str) -> bool:
    try:
        await admin.request("GET", path)
    except NotFound:
        return False
    return True


async def active(admin: ApiClient, drill: str) -> ChaosExperiment:
    driver = Driver(admin)
    await driver.systems_ready()
    return await driver.reaches(await driver.start(drill), ExperimentPhase.ACTIVE)


@pytest_asyncio.fixture
async def held_by_others(admin: ApiClient) -> AsyncIterator[None]:
    """A system that carries another's finalizer, before ours."""
    own = (await admin.get(MockSystem, NAMESPACE, "disk-monitor")).metadata.finalizers
    await admin.patch(MockSystem, NAMESPACE, "disk-monitor", {"metadata": {"finalizers": [OTHERS, *own]}})
    yield
    await admin.patch(MockSystem, NAMESPACE, "disk-monitor", {"metadata": {"finalizers": []}})


async def test_a_fault_is_undone_and_everything_let_go(
    stack: Stack, admin: ApiClient, release: Release, hook: Hook, held_by_others: None
) -> None:
    experiment = await active(admin, "redis-memory")
    assert await count_leftovers(stack, "redis-memory") > 0
    done = await hook.run("uninstall")
    assert (done.code, done.err) == (0, ""), done
    assert await count_leftovers(stack, "redis-memory") == 0
    ended = await admin.get(ChaosExperiment, *experiment.key)
    assert (ended.status.phase, ended.status.reason) == (ExperimentPhase.ABORTED, "KillSwitch")
    assert "system:serviceaccount:incidentsim-system:hook" in ended.status.message
    assert not release.operator.is_running
    assert sorted(await finalizers(admin)) == sorted([[], [], [], [OTHERS]])
    assert not any([await exists(admin, path) for path in OWN])
    assert f"Waiting until a fault is undone: {NAMESPACE}/{experiment.metadata.name} (Active)" in done.out
    assert f"3 MockSystems in {NAMESPACE}" in done.out
    assert f"1 ChaosExperiment in {NAMESPACE}" in done.out
    assert "kubectl delete incidentsim --all --all-namespaces" in done.out

    again = await hook.run("uninstall")
    assert (again.code, again.err) == (0, ""), again
    assert "taken from 0 objects" in again.out
    await admin.delete(ChaosExperiment, *experiment.key)
    assert not await exists(admin, admin.path(ChaosExperiment, *experiment.key)), "its deletion waits for somebody"


@pytest.mark.slow
async def test_ended_anywhere_the_next_run_finishes_it(
    stack: Stack, admin: ApiClient, release: Release, hook: Hook
) -> None:
    await active(admin, "redis-memory")
    for number, words in (
        (signal.SIGTERM, "Waiting until"),
        (signal.SIGKILL, "is scaled to 0"),
        (signal.SIGKILL, "No operator runs"),
        (signal.SIGKILL, "The finalizer is taken"),
    ):
        run = await hook.start("uninstall")
        await run.until(words)
        with suppress(ProcessLookupError):
            run.process.send_signal(number)
        ended = await run.end()
        if number is signal.SIGTERM:
            assert ended.code == 128 + signal.SIGTERM
            assert ended.err == "incident-hook: was told to end before it was done; running it again finishes it\n"
        if words == "is scaled to 0":
            await release.scale(1)  # else the next ones have nothing to do there
            await release.runs()
    done = await hook.run("uninstall", "--keep-counter")
    assert (done.code, done.err) == (0, ""), done
    assert await count_leftovers(stack, "redis-memory") == 0
    assert not any(await finalizers(admin))
    assert not await exists(admin, OWN[0])


@pytest.mark.slow
async def test_a_fault_that_began_meanwhile_is_undone_too(
    admin: ApiClient, operator_client: ApiClient, release: Release, hook: Hook
) -> None:
    """Let in just before the kill switch was on, it is on record only when the operator has been told to end."""
    driver = Driver(admin)
    experiment = await driver.start("redis-memory", suspend=True)
    await driver.reaches(experiment, ExperimentPhase.PENDING)

    async def begin() -> None:
        release.before_pod_goes = nothing
        begun: dict[str, JsonValue] = {"status": {"phase": "Active"}}
        await operator_client.patch(ChaosExperiment, *experiment.key, begun, subresource="status")

    release.before_pod_goes = begin
    done = await hook.run("uninstall")
    assert (done.code, done.err) == (0, ""), done
    assert "A fault began while the kill switch was turned on" in done.out
    assert (await driver.experiment(experiment)).status.phase is ExperimentPhase.ABORTED


@pytest_asyncio.fixture
async def secret_away(admin: ApiClient) -> AsyncIterator[Callable[[bool], Awaitable[None]]]:
    """Takes the disk's Secret away when called with True, and puts it back with False."""
    path = raw_path("v1", "secrets", NAMESPACE)
    name = "disk-monitor-credentials"
    data = (await admin.request("GET", f"{path}/{name}"))["data"]

    async def move(away: bool) -> None:
        body: dict[str, Any] = {"metadata": {"name": name}, "data": data}
        with suppress(AlreadyExists, NotFound):
            await (admin.request("DELETE", f"{path}/{name}") if away else admin.request("POST", path, body=body))

    yield move
    await move(False)


@pytest.mark.slow
async def test_what_cannot_be_undone_stops_it_and_says_what_to_do(
    stack: Stack,
    admin: ApiClient,
    operator_client: ApiClient,
    release: Release,
    hook: Hook,
    secret_away: Callable[[bool], Awaitable[None]],
) -> None:
    experiment = await active(admin, "disk-full")
    name = f"ChaosExperiment {NAMESPACE}/{experiment.metadata.name} is"
    release.is_tended = False
    release.operator.kill()
    late = await hook.run("uninstall", "--timeout", "1")
    assert late.code == 1
    assert "not all is undone after 1 s" in late.err

    await release.scale(0)
    refused = await hook.run("uninstall")
    assert refused.code == 1
    assert "no operator runs that would undo them, its Deployment is at 0" in refused.err
    assert f"{name} Active on {NAMESPACE}/disk-monitor" in refused.err
    assert "kubectl -n incidentsim-system scale deployment incident-operator --replicas=1" in refused.err

    await secret_away(True)
    tried_often: list[JsonValue] = [t.model_copy(update={"attempts": 9}).to_json() for t in experiment.status.targets]
    await operator_client.patch(
        ChaosExperiment, *experiment.key, {"status": {"targets": tried_often}}, subresource="status"
    )
    await release.scale(1)
    release.is_tended = True
    await release.runs()
    refused = await hook.run("uninstall")
    assert refused.code == 1
    assert "the operator tried often, and could not undo them" in refused.err
    assert (
        f"{name} Recovering on {NAMESPACE}/disk-monitor: Secret disk-monitor-credentials does not exist" in refused.err
    )
    assert "helm uninstall --no-hooks" in refused.err
    stalled = await admin.get(ChaosExperiment, *experiment.key)
    assert is_true(stalled.status.conditions, "Stalled")
    assert UNDO_FINALIZER in stalled.metadata.finalizers
    assert await release.replicas() == 1
    assert release.operator.is_running
    assert await exists(admin, OWN[0]), "the kill switch is off"
    assert await count_leftovers(stack, "disk-full") > 0

    await secret_away(False)
    release.operator.kill()  # it would wait half a minute before its next try
    await release.runs()
    done = await hook.run("uninstall")
    assert (done.code, done.err) == (0, ""), done
    assert "The kill switch is on already: the simulator is being uninstalled" in done.out
    assert await count_leftovers(stack, "disk-full") == 0
