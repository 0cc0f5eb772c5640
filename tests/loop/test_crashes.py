"""Every fault is undone, whoever dies."""

from __future__ import annotations

import asyncio

import pytest

from incident_crds.catalogue import ActionType
from incident_crds.chaosexperiment import ExperimentPhase, HealedBy
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import Action, PlanPhase

from ..conftest import NAMESPACE, OperatorProcess, Stack
from .drive import DRILLS, Driver, count_leftovers, eventually

REDIS_STARTED = "Ready to accept connections"


@pytest.mark.parametrize("drill", DRILLS)
async def test_a_restarted_operator_undoes_what_its_predecessor_broke(
    stack: Stack, operator: OperatorProcess, sre: ApiClient, drill: str
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start(drill)
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    before = {i.metadata.name for i in await sre.list_all(Incident, NAMESPACE)}
    operator.kill()
    operator.start()
    done = await driver.reaches(experiment, ExperimentPhase.ABORTED)
    assert (done.status.reason, done.status.healed_by) == ("OperatorRestarted", HealedBy.ABORT)
    assert [t.residue for t in done.status.targets] == [0]
    assert await count_leftovers(stack, drill) == 0

    async def all_resolved() -> bool | None:
        incidents = await sre.list_all(Incident, NAMESPACE)
        return True if all(i.status.phase is IncidentPhase.RESOLVED for i in incidents) else None

    await eventually(all_resolved, "the incident being resolved")
    after = {i.metadata.name for i in await sre.list_all(Incident, NAMESPACE)}
    assert len(after - before) <= 1, "one fault made more than one incident"


async def test_without_any_operator_the_dead_men_end_the_faults(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    drills = ("redis-memory", "postgres-bloat", "disk-full")
    experiments = [await driver.start(drill, durationSeconds=1) for drill in drills]
    for experiment in experiments:
        await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    operator.kill()
    for drill in drills:

        async def clean(drill: str = drill) -> bool | None:
            return True if await count_leftovers(stack, drill) == 0 else None

        await eventually(clean, f"the dead-man of {drill}", 50)
    operator.start()
    for experiment in experiments:
        await driver.reaches(experiment, ExperimentPhase.ABORTED, ExperimentPhase.RECOVERED)


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


async def test_one_of_two_operators_acts(stack: Stack, operator: OperatorProcess, sre: ApiClient) -> None:
    second = OperatorProcess(stack)
    second.url = "http://127.0.0.1:1"
    second.start(wait_ready=False, INCIDENTSIM_LISTEN="127.0.0.1:0")
    try:
        driver = Driver(sre)
        await driver.systems_ready()
        experiment = await driver.start("redis-memory")
        plan = await driver.plan_awaiting()
        await driver.approve(plan)
        done = await driver.graded(experiment)
        assert done.status.grade is not None
        assert done.status.grade.grade.passed
        assert second.is_running
    finally:
        await asyncio.to_thread(second.kill)


async def test_a_fault_is_not_called_undone_while_its_system_cannot_be_entered(
    stack: Stack, operator: OperatorProcess, sre: ApiClient, admin: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    system = await admin.get(MockSystem, NAMESPACE, "disk-monitor")
    assert system.spec.external is not None
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    name = system.spec.external.credentials_secret_ref.name
    secret = await admin.request("GET", f"{path}/{name}")
    experiment = await driver.start("disk-full")
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    await admin.request("DELETE", f"{path}/{name}")
    try:
        await sre.delete(type(experiment), *experiment.key)

        async def tried() -> bool | None:
            targets = (await driver.experiment(experiment)).status.targets
            return True if targets[0].attempts and "Secret" in targets[0].last_error else None

        await eventually(tried, "a failed try to undo")
    finally:
        metadata = {"name": name}
        await admin.request("POST", path, body={"metadata": metadata, "data": secret["data"]})
    await driver.is_gone(experiment)
    assert await count_leftovers(stack, "disk-full") == 0
