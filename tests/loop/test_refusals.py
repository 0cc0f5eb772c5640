"""What may not be broken is not broken, and the reason says what to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.base import ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import MERGE_PATCH, ApiClient
from incident_crds.errors import AlreadyExists
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver, count_leftovers

WRONG = "no-such-password-7f3a"
REDIS = {"type": "RedisMemory", "redisMemory": {}}


@pytest_asyncio.fixture
async def driver(operator: OperatorProcess, sre: ApiClient) -> Driver:
    made = Driver(sre)
    await made.systems_ready()
    return made


def experiment(
    fault: dict[str, Any], target: dict[str, Any], *, namespace: str = NAMESPACE, **spec: Any
) -> ChaosExperiment:
    made = ChaosExperiment.model_validate({"spec": {"target": target, "fault": fault, **spec}})
    made.metadata = ObjectMeta(generate_name="refused-", namespace=namespace)
    return made


@pytest.mark.parametrize(
    ("fault", "target", "reason", "says"),
    [
        (REDIS, {"systemRef": {"name": "redis-nope"}}, "TargetNotFound", "redis-test"),
        (REDIS, {"selector": {"matchLabels": {"tier": "none"}}}, "NothingSelected", "tier=none"),
        (REDIS, {"systemRef": {"name": "postgres-test"}}, "FaultNotSupported", "PostgresBloat"),
        (
            {"type": "RedisMemory", "redisMemory": {"fillPercent": 40}},
            {"systemRef": {"name": "redis-test"}},
            "ParametersInvalid",
            "51 or more",
        ),
    ],
)
async def test_an_experiment_that_cannot_work_is_rejected(
    driver: Driver, fault: dict[str, Any], target: dict[str, Any], reason: str, says: str
) -> None:
    made = await driver.client.create(experiment(fault, target))
    rejected = await driver.reaches(made, ExperimentPhase.REJECTED)
    assert rejected.status.reason == reason
    assert says in rejected.status.message
    assert rejected.status.targets == []
    await driver.event(reason, made.metadata.name)


async def test_a_namespace_without_the_label_is_closed(driver: Driver, admin: ApiClient) -> None:
    with contextlib.suppress(AlreadyExists):
        await admin.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "closed"}})
    made = await admin.create(experiment(REDIS, {"systemRef": {"name": "redis-test"}}, namespace="closed"))
    rejected = await Driver(admin).reaches(made, ExperimentPhase.REJECTED)
    assert rejected.status.reason == "NamespaceNotEnabled"
    assert "kubectl label namespace closed" in rejected.status.message


async def test_a_protected_system_is_left_alone(driver: Driver, admin: ApiClient, stack: Stack) -> None:
    await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"protected": True}})
    try:
        made = await driver.start("redis-memory")
        rejected = await driver.reaches(made, ExperimentPhase.REJECTED)
        assert rejected.status.reason == "TargetProtected"
        assert await count_leftovers(stack, "redis-memory") == 0
    finally:
        await admin.patch(MockSystem, NAMESPACE, "redis-test", {"spec": {"protected": False}})


async def test_a_second_fault_on_a_broken_system_has_to_be_allowed(driver: Driver, stack: Stack) -> None:
    first = await driver.start("postgres-bloat")
    await driver.reaches(first, ExperimentPhase.ACTIVE)
    second = await driver.start("postgres-connections")
    rejected = await driver.reaches(second, ExperimentPhase.REJECTED)
    assert rejected.status.reason == "TargetBusy"
    third = await driver.start("postgres-connections", allowOverlap=True)
    await driver.reaches(third, ExperimentPhase.ACTIVE)
    await driver.client.delete(ChaosExperiment, *third.key)
    await driver.is_gone(third)
    assert await count_leftovers(stack, "postgres-connections") == 0
    assert await count_leftovers(stack, "postgres-bloat") > 0, "the undo of one fault took the other with it"
    assert (await driver.experiment(first)).status.phase is ExperimentPhase.ACTIVE
    await driver.client.delete(ChaosExperiment, *first.key)
    await driver.is_gone(first)
    assert await count_leftovers(stack, "postgres-bloat") == 0


async def test_of_two_faults_at_once_on_one_system_one_is_rejected(driver: Driver) -> None:
    both = await asyncio.gather(driver.start("postgres-bloat"), driver.start("postgres-connections"))
    ended = [await driver.reaches(e, ExperimentPhase.REJECTED, ExperimentPhase.ACTIVE) for e in both]
    assert sorted(e.status.phase or "" for e in ended) == ["Active", "Rejected"]
    for made in both:
        await driver.client.delete(ChaosExperiment, *made.key)
        await driver.is_gone(made)


async def test_a_dry_run_reads_everything_and_writes_its_own_status_only(driver: Driver, stack: Stack) -> None:
    """That nothing is written on the targets is proven in tests/systems/test_dry_run.py, where nobody else writes."""

    async def others() -> dict[str, int]:
        kinds = (Incident, RemediationPlan)
        return {
            o.metadata.uid: o.metadata.generation for k in kinds for o in await driver.client.list_all(k, NAMESPACE)
        }

    before = await others()
    wishes = {
        "disk-full": "disk-monitor: its files would grow from",
        "redis-memory": "redis-test: its data would grow from",
        "postgres-connections": "postgres-test: its sessions would grow from",
        "system-down": "redis-test: its process, which runs now, would be stopped",
    }
    for drill, would in wishes.items():
        made = await driver.start(drill, dryRun=True)
        done = await driver.reaches(made, ExperimentPhase.RECOVERED)
        assert done.status.reason == "DryRun"
        assert would in done.status.message
        assert "ordinary items. Nothing was changed" in done.status.message
        assert [(t.undo, bool(t.uid)) for t in done.status.targets] == [(None, True)]
        assert done.status.baseline
        assert await count_leftovers(stack, drill) == 0
        await driver.client.delete(ChaosExperiment, *made.key)
    assert await others() == before


async def test_the_kill_switch_undoes_everything_at_once_and_holds_what_is_new(
    driver: Driver, sre: ApiClient, stack: Stack
) -> None:
    drills = ("disk-full", "redis-memory", "postgres-bloat")
    active = [await driver.start(drill) for drill in drills[:-1]]
    active.append(await driver.start(drills[-1], fault={"type": "PostgresBloat", "postgresBloat": {"rows": 1000000}}))
    for experiment in active[:-1]:
        await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    await driver.reaches(active[-1], ExperimentPhase.INJECTING)  # for seconds, as it has many rows to write
    switches = "/api/v1/namespaces/incidentsim-system/configmaps"
    body = {"metadata": {"name": "incidentsim-kill-switch"}, "data": {"reason": "real outage", "by": "sre"}}
    turned = datetime.now(UTC)
    await sre.request("POST", switches, body=body)
    try:
        ended = [await driver.reaches(experiment, ExperimentPhase.ABORTED) for experiment in active]
        assert {e.status.reason for e in ended} == {"KillSwitch"}
        assert all("real outage (by sre)" in e.status.message for e in ended)
        assert ended[-1].status.injected_at is None, "the injection was over before the switch was turned"
        assert sum([await count_leftovers(stack, drill) for drill in drills]) == 0
        took = max(e.status.recovered_at for e in ended if e.status.recovered_at) - turned
        assert took < timedelta(seconds=5), f"the last fault was undone {took} after the switch was turned"
        held = await driver.reaches(await driver.start("disk-full"), ExperimentPhase.PENDING)
        assert held.status.reason == "KillSwitch"
        assert "real outage (by sre); it begins once that is lifted" in held.status.message
        assert await count_leftovers(stack, "disk-full") == 0
    finally:
        await sre.request("DELETE", f"{switches}/incidentsim-kill-switch")
    await driver.reaches(held, ExperimentPhase.ACTIVE)
    await driver.client.delete(ChaosExperiment, *held.key)
    await driver.is_gone(held)


@pytest_asyncio.fixture
async def locked_out(admin: ApiClient) -> AsyncIterator[str]:
    """A system whose Secret holds the wrong password."""
    redis = await admin.get(MockSystem, NAMESPACE, "redis-test")
    assert redis.spec.external is not None
    wrong = {"username": "control", "password": WRONG, "appUsername": "app", "appPassword": WRONG}
    secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    await admin.request("POST", secrets, body={"metadata": {"name": "wrong"}, "stringData": wrong})
    body = MockSystem.model_validate(
        {
            "metadata": {"name": "locked-out", "namespace": NAMESPACE},
            "spec": {
                "type": "Redis",
                "external": {"endpoint": redis.spec.external.endpoint, "credentialsSecretRef": {"name": "wrong"}},
                "health": {"intervalSeconds": 1},
            },
        }
    )
    await admin.create(body)
    yield "locked-out"
    await admin.delete(MockSystem, NAMESPACE, "locked-out")
    await admin.request("DELETE", f"{secrets}/wrong")


async def test_wrong_credentials_are_named_and_never_shown(
    driver: Driver, operator: OperatorProcess, locked_out: str, sre: ApiClient, admin: ApiClient, stack: Stack
) -> None:
    async def look() -> MockSystem | None:
        system = await sre.get(MockSystem, NAMESPACE, locked_out)
        return system if system.status.message else None

    system = await eventually(look, "the message about the credentials")
    assert system.status.phase == "Unreachable"
    assert "Secret" in system.status.message
    experiment = await driver.start("redis-memory", target={"systemRef": {"name": locked_out}})
    refused = await driver.reaches(experiment, ExperimentPhase.REJECTED)
    assert refused.status.reason == "AccessDenied"
    assert "Secret" in refused.status.message
    assert WRONG not in operator.log.read_text()
    assert WRONG not in system.model_dump_json()

    right = {"password": stack.system("redis-test").password, "appPassword": stack.system("redis-test").app_password}
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/wrong"
    await admin.request("PATCH", path, body={"stringData": right}, content_type=MERGE_PATCH)

    async def entered() -> bool | None:
        return True if (await sre.get(MockSystem, NAMESPACE, locked_out)).status.phase == "Ready" else None

    await eventually(entered, "the corrected Secret being used")
