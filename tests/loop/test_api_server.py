"""The API server fails in every way that it does: nothing is lost, no second incident, and nobody has to help."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver, count_leftovers
from .unreliable import UnreliableServer

DRILL = "disk-full"
FROZEN_SECONDS = 30.0
FINAL = [phase for phase in ExperimentPhase if phase.is_final]


@dataclass
class Drill:
    """A drill whose plan awaits approval, while its operator is behind a server that may fail."""

    server: UnreliableServer
    driver: Driver
    experiment: ChaosExperiment
    starts: int = 0
    """How often the operator had to be started: it is crash-only, and a supervisor starts it again."""
    known: dict[str, int] | None = None

    async def ends_well(self, stack: Stack) -> None:
        """It ends one way or the other, with one incident, and nothing is left."""
        driver = self.driver

        async def look() -> ChaosExperiment | None:
            for plan in await driver.client.list_all(RemediationPlan, NAMESPACE):
                if plan.status.phase is PlanPhase.AWAITING_APPROVAL:
                    await driver.approve(plan)
            now = await driver.experiment(self.experiment)
            return now if now.status.phase in FINAL else None

        ended = await eventually(look, "the drill's end", 90)
        assert ended.status.reason in ("HealedByPlan", "OperatorRestarted"), ended.status.message
        assert [t.residue for t in ended.status.targets] == [0]
        await driver.systems_ready()
        assert await count_leftovers(stack, DRILL) == 0
        changed = {n: o for n, o in (await occurrences(driver.client)).items() if o != (self.known or {}).get(n)}
        assert len(changed) == 1, f"one fault, and these incidents: {changed}"
        (name,) = changed
        incident = await driver.client.get(Incident, NAMESPACE, name)
        assert incident.status.phase is IncidentPhase.RESOLVED
        assert changed[name] - (self.known or {}).get(name, 0) == 1, "it was opened more than once"


async def occurrences(client: ApiClient) -> dict[str, int]:
    return {i.metadata.name: i.status.occurrences for i in await client.list_all(Incident, NAMESPACE)}


@pytest.fixture
async def drill(stack: Stack, no_operator: None, sre: ApiClient, tmp_path: Path) -> AsyncIterator[Drill]:
    operator, driver = OperatorProcess(stack), Driver(sre)
    async with UnreliableServer(stack) as server:
        config = server.kubeconfig(Path(stack.info["operator_kubeconfig"]), tmp_path)
        made: list[Drill] = []

        async def supervise() -> None:
            while True:
                if not operator.is_running:
                    operator.start(wait_ready=False, KUBECONFIG=str(config), INCIDENTSIM_LEASE_SECONDS="6")
                    for one in made:
                        one.starts += 1
                await asyncio.sleep(0.1)

        supervisor = asyncio.create_task(supervise())
        try:
            await driver.systems_ready()
            known = await occurrences(sre)
            experiment = await driver.start(DRILL)
            await driver.plan_awaiting()
            made.append(Drill(server, driver, experiment, known=known))
            yield made[0]
        finally:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)
            await asyncio.to_thread(operator.stop)  # it says goodbye through the server that runs here


@asynccontextmanager
async def control_plane_frozen(stack: Stack) -> AsyncIterator[None]:
    """The process lives, and answers nobody."""
    children = Path(f"/proc/{stack.info['pid']}/task/{stack.info['pid']}/children").read_text().split()
    (pid,) = [int(c) for c in children if "--etcd" in Path(f"/proc/{c}/cmdline").read_text()]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("code", [410, 429, 500])
async def test_an_error_in_mid_stream_loses_nothing(stack: Stack, drill: Drill, code: int) -> None:
    assert drill.server.fail_streams(code) >= 4, "the operator watches four kinds or more"
    drill.server.refuse(429, 500, 503)
    await drill.ends_well(stack)
    assert drill.server.refused == 3, "nothing was asked while requests were refused"
    if code == 410:  # after the others the operator ends, and is started again
        assert drill.starts == 0, "a watch that is too old is begun anew, without a restart"


async def test_a_restarted_api_server_is_found_again(stack: Stack, drill: Drill) -> None:
    await drill.server.cut()
    async with stack.client("admin") as admin:  # changed while the operator cannot see it
        await admin.patch(ChaosExperiment, *drill.experiment.key, {"metadata": {"labels": {"changed": "meanwhile"}}})
    await drill.server.restore()
    await drill.ends_well(stack)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_frozen_api_server_is_outlived(stack: Stack, drill: Drill) -> None:
    async with control_plane_frozen(stack):
        await asyncio.sleep(FROZEN_SECONDS)  # the length of the freeze is what is tested
    await drill.ends_well(stack)
