"""Every fault is undone, whoever dies; the matrix of kills is in tests/local/test_crash.py and `make crash-test`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from incident_crds.action import Action
from incident_crds.catalogue import ActionType
from incident_crds.chaosexperiment import ExperimentPhase, TargetStatus
from incident_crds.client import ApiClient
from incident_crds.errors import AlreadyExists
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import PlanPhase

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver, count_leftovers

REDIS_STARTED = "Ready to accept connections"


@pytest.mark.slow  # each dead-man is proven alone, and quicker, in tests/systems/test_dead_men.py
async def test_without_any_operator_the_dead_men_end_the_faults(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    drills = ("redis-memory", "postgres-bloat", "disk-full")
    experiments = [await driver.start(drill, durationSeconds=10) for drill in drills]
    for experiment in experiments:
        await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    operator.kill()
    for drill in drills:
        assert await count_leftovers(stack, drill) > 0, f"{drill} was over before its dead-man could end it"
    for drill in drills:

        async def clean(drill: str = drill) -> bool | None:
            return True if await count_leftovers(stack, drill) == 0 else None

        await eventually(clean, f"the dead-man of {drill}", 60)
    operator.start()
    for experiment in experiments:
        await driver.reaches(experiment, ExperimentPhase.ABORTED)


async def test_idle_sessions_die_with_the_operator(stack: Stack, operator: OperatorProcess, sre: ApiClient) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("postgres-connections")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    operator.kill()

    async def clean() -> bool | None:
        return True if await count_leftovers(stack, "postgres-connections") == 0 else None

    await eventually(clean, "the sessions' end", 10)
    operator.start()
    await driver.reaches(experiment, ExperimentPhase.ABORTED)


async def test_an_action_is_not_run_twice_over_a_crash(stack: Stack, operator: OperatorProcess, sre: ApiClient) -> None:
    """Counted by what Redis itself writes at each of its starts."""
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("redis-memory")
    proposed = await driver.plan_awaiting()
    restart = await driver.propose(proposed, Action(id="restart", type=ActionType.RESTART_SYSTEM, system="redis-test"))
    log = stack.logs / "redis-test.log"
    before = log.read_text().count(REDIS_STARTED)
    await driver.approve(restart)
    await driver.action_started(restart)
    operator.kill()
    operator.start()
    ended = await driver.plan_reaches(restart, *(p for p in PlanPhase if p.is_final), seconds=60)
    assert ended.status.phase is PlanPhase.SUCCEEDED, ended.status.message
    assert log.read_text().count(REDIS_STARTED) == before + 1
    await driver.reaches(experiment, ExperimentPhase.ABORTED)


async def test_deleting_an_experiment_undoes_its_fault_first(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("disk-full")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    await sre.delete(type(experiment), *experiment.key)
    await driver.is_gone(experiment)
    assert await count_leftovers(stack, "disk-full") == 0


async def test_a_deletion_waits_for_an_operator_that_is_down(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("redis-memory")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    operator.kill()
    await sre.delete(type(experiment), *experiment.key)
    held = await driver.experiment(experiment)
    assert held.metadata.deletion_timestamp is not None
    operator.start()
    await driver.is_gone(experiment)
    assert await count_leftovers(stack, "redis-memory") == 0


async def says(operator: OperatorProcess, words: str) -> None:
    async def look() -> bool | None:
        return True if words in operator.log.read_text() else None

    await eventually(look, f"the line {words!r}")


async def test_one_of_two_operators_acts_and_the_other_takes_over(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    second = OperatorProcess(stack)
    second.log = stack.logs / "second-operator.log"
    second.start(wait_ready=False, INCIDENTSIM_LISTEN="127.0.0.1:0")
    try:
        await says(second, "another operator holds the lease")
        driver = Driver(sre)
        await driver.systems_ready()
        experiment = await driver.start("redis-memory")
        plan = await driver.plan_awaiting()
        await driver.approve(plan)
        done = await driver.graded(experiment)
        assert done.status.grade is not None
        assert done.status.grade.grade.passed
        assert "this operator acts" not in second.log.read_text()
        active = await driver.start("disk-full")
        await driver.reaches(active, ExperimentPhase.ACTIVE)
        operator.kill()
        await says(second, "this operator acts")
        await driver.reaches(active, ExperimentPhase.ABORTED)
        assert await count_leftovers(stack, "disk-full") == 0
    finally:
        await asyncio.to_thread(second.kill)
        second.log.unlink()


@pytest_asyncio.fixture
async def without_secret(admin: ApiClient) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Takes the disk's Secret away when called; it is back after the test."""
    system = await admin.get(MockSystem, NAMESPACE, "disk-monitor")
    assert system.spec.external is not None
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    name = system.spec.external.credentials_secret_ref.name
    secret = await admin.request("GET", f"{path}/{name}")

    async def take_away() -> None:
        await admin.request("DELETE", f"{path}/{name}")

    yield take_away
    await put_back(admin, path, {"metadata": {"name": name}, "data": secret["data"]})


async def put_back(admin: ApiClient, path: str, secret: dict[str, object]) -> None:
    with contextlib.suppress(AlreadyExists):
        await admin.request("POST", path, body=secret)


async def test_a_fault_is_undone_also_where_its_secret_went_first(
    stack: Stack,
    operator: OperatorProcess,
    sre: ApiClient,
    without_secret: Callable[[], Awaitable[None]],
) -> None:
    """As when the whole namespace is deleted."""
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("disk-full")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    await without_secret()
    await sre.delete(type(experiment), *experiment.key)
    await driver.is_gone(experiment)
    assert await count_leftovers(stack, "disk-full") == 0


async def test_a_fault_is_not_called_undone_while_its_system_cannot_be_entered(
    stack: Stack,
    operator: OperatorProcess,
    sre: ApiClient,
    admin: ApiClient,
    without_secret: Callable[[], Awaitable[None]],
) -> None:
    """By an operator that did not inject it: it has no connection from before. It tries with growing pauses."""
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("disk-full")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    operator.kill()
    await without_secret()
    operator.start()
    await sre.delete(type(experiment), *experiment.key)

    async def tried_twice() -> TargetStatus | None:
        (target,) = (await driver.experiment(experiment)).status.targets
        return target if target.attempts >= 2 else None

    target = await eventually(tried_twice, "a second try to undo")
    assert target.attempts == 2, "it was tried again without a pause"
    assert "Secret" in target.last_error
    assert await count_leftovers(stack, "disk-full") > 0
    system = await admin.get(MockSystem, NAMESPACE, "disk-monitor")
    assert system.spec.external is not None
    name = system.spec.external.credentials_secret_ref.name
    access = stack.system("disk-monitor")
    values = {
        "username": access.username,
        "password": access.password,
        "appUsername": access.app_username,
        "appPassword": access.app_password,
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    await put_back(admin, path, {"metadata": {"name": name}, "stringData": values})
    await driver.is_gone(experiment)
    assert await count_leftovers(stack, "disk-full") == 0


async def test_a_secret_that_cannot_be_read_for_once_leaves_no_system_unwatched(
    operator: OperatorProcess, sre: ApiClient, admin: ApiClient, without_secret: Callable[[], Awaitable[None]]
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    secret = await admin.request("GET", f"{path}/disk-monitor-credentials")
    await without_secret()
    changed = await admin.patch(MockSystem, NAMESPACE, "disk-monitor", {"spec": {"team": "storage"}})

    async def pending() -> bool | None:
        system = await sre.get(MockSystem, NAMESPACE, "disk-monitor")
        return True if system.status.phase is SystemPhase.PENDING and "Secret" in system.status.message else None

    await eventually(pending, "the missing Secret being told")
    body = {"metadata": {"name": "disk-monitor-credentials"}, "data": secret["data"]}
    await put_back(admin, path, body)
    back = datetime.now(UTC)

    async def watched() -> bool | None:
        status = (await sre.get(MockSystem, NAMESPACE, "disk-monitor")).status
        is_fresh = status.last_probe_time is not None and status.last_probe_time > back
        return True if status.phase is SystemPhase.READY and is_fresh else None

    await eventually(watched, "a new measurement")
    assert changed.spec.team == "storage"
    await admin.patch(MockSystem, NAMESPACE, "disk-monitor", {"spec": {"team": ""}})
