"""A system is killed in mid-fault: an incident says so, and nothing is called undone before somebody could look."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver, count_leftovers


async def control(stack: Stack, system: str, method: str, path: str = "") -> dict[str, object]:
    access = stack.system(system)
    headers = {"Authorization": f"Bearer {access.control_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, access.control_url + path) as answer,
    ):
        found: dict[str, object] = await answer.json()
        return found


async def kill_server(stack: Stack, system: str) -> None:
    pid = (await control(stack, system, "GET"))["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)

    async def gone() -> bool:
        return not (Path("/proc") / str(pid)).exists()

    await eventually(gone, f"the end of {system}")


async def is_diagnosed_anew(driver: Driver, stale: RemediationPlan, killed_at: datetime) -> None:
    """The incident says that its system is down, and proposes to restart that in place of what it proposed before."""
    over = await driver.plan_reaches(stale, PlanPhase.SUPERSEDED)
    assert over.status.reason == "SystemUnreachable"
    (action,) = (await driver.plan_awaiting()).spec.actions
    assert action.type is ActionType.RESTART_SYSTEM
    incident = await driver.client.get(Incident, NAMESPACE, stale.spec.incident_ref)
    assert incident.status.diagnosis is not None
    assert incident.status.diagnosis.root_cause.fault_type is FaultType.SYSTEM_DOWN
    since = [e for e in incident.status.timeline if e.at >= killed_at]  # a relapse still tells of what was before
    (entry,) = [e for e in since if e.type == "Unreachable"]
    assert entry.detail.startswith(f"{action.system} is unreachable: ")
    times = [e.type for e in since].count("Diagnosed")
    assert times == 2, "for the outage, and for the plan that follows the superseded one"


@pytest.mark.parametrize(
    ("drill", "system"), [("redis-memory", "redis-test"), ("postgres-connections", "postgres-test")]
)
async def test_a_killed_system_is_unreachable_and_undone_once_it_is_back(
    stack: Stack, operator: OperatorProcess, sre: ApiClient, drill: str, system: str
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start(drill)
    await driver.reaches(experiment, ExperimentPhase.ACTIVE)
    stale = await driver.plan_awaiting()
    killed_at = datetime.now(UTC)
    await kill_server(stack, system)
    try:

        async def unreachable() -> MockSystem | None:
            now = await sre.get(MockSystem, NAMESPACE, system)
            return now if now.status.phase is SystemPhase.UNREACHABLE else None

        down = await eventually(unreachable, f"{system} being called Unreachable")
        (breach,) = [b for b in down.status.breaches if b.signal is SignalName.REACHABLE]
        incident = await sre.get(Incident, NAMESPACE, breach.incident)
        assert incident.status.phase is not IncidentPhase.RESOLVED
        assert SignalName.REACHABLE in {b.signal for b in down.status.breaches if b.incident == incident.metadata.name}
        await is_diagnosed_anew(driver, stale, killed_at)
        await sre.patch(ChaosExperiment, *experiment.key, {"spec": {"suspend": True}})

        async def tried() -> bool:
            now = await driver.experiment(experiment)
            assert now.status.phase in (ExperimentPhase.ACTIVE, ExperimentPhase.RECOVERING), "nobody could look"
            return any(target.attempts and target.last_error for target in now.status.targets)

        await eventually(tried, "a try to undo that says why it failed")
    finally:
        await control(stack, system, "POST", "/start")
    ended = await driver.reaches(experiment, ExperimentPhase.ABORTED, seconds=60)
    assert [t.residue for t in ended.status.targets] == [0]
    assert await count_leftovers(stack, drill) == 0
    await driver.systems_ready()
    assert (await sre.get(Incident, NAMESPACE, breach.incident)).status.phase is IncidentPhase.RESOLVED


async def test_bloat_is_healed_and_proven_where_a_crash_lost_the_statistics(
    stack: Stack, operator: OperatorProcess, sre: ApiClient
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    await kill_server(stack, "postgres-test")
    await control(stack, "postgres-test", "POST", "/start")
    await driver.systems_ready()
    assert await bloat_is_known(sre) is False, "Postgres loses its statistics in a crash"
    experiment = await driver.start("postgres-bloat")
    plan = await driver.plan_awaiting()
    assert len(plan.spec.actions) > 1, "the bloated table, and those whose statistics were lost"
    await driver.approve(plan)
    report = (await driver.graded(experiment)).status.grade
    assert report is not None
    assert report.grade.passed, report.model_dump_json(indent=1)
    assert await bloat_is_known(sre)


async def bloat_is_known(client: ApiClient) -> bool:
    signals = (await client.get(MockSystem, NAMESPACE, "postgres-test")).status.signals
    return next(s for s in signals if s.name is SignalName.BLOAT).health is not None
