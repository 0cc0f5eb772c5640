"""Faults and remedies that reach a system from outside, with a proxy that runs as it does in a pod."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType, SystemType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.probes.evidence_surroundings import read_surroundings
from incident_operator.remedies.registry import REMEDIES
from incident_operator.services.catalogue import Faults, Remedies
from incident_operator.targets import Control, Facility, Refused, Target, open_target
from tests.systems.proxying import TOKEN, client_port, proxy_server
from tests.systems.servers import Server, access_to, server_folder

LIFETIME = timedelta(seconds=60)
POLICY = HealthPolicy(latency_budget_milliseconds=20)
SPEC = FaultSpec.model_validate({"type": "NetworkLatency", "networkLatency": {}})


@pytest_asyncio.fixture
async def behind_proxy(redis: Server) -> AsyncIterator[Target]:
    """Redis, with our proxy in front of it for clients."""
    with server_folder("proxy") as folder:
        proxy = proxy_server(folder, redis.port)
        proxy.start()
        access = dataclasses.replace(
            access_to(f"redis://127.0.0.1:{redis.port}/0"),
            client_endpoint=f"redis://127.0.0.1:{client_port(proxy)}/0",
            proxy=Control(f"http://127.0.0.1:{proxy.port}", TOKEN),
        )
        target = open_target(SystemType.REDIS, access)
        await target.seed()
        yield target
        await target.close()
        proxy.end(signal.SIGTERM)


async def test_clients_wait_and_the_operator_does_not(behind_proxy: Target) -> None:
    fault = build_faults()[FaultType.NETWORK_LATENCY]
    undo = fault.undo_record("aaaabbbbcccc", SPEC, POLICY)
    await fault.inject(behind_proxy, SPEC, undo, LIFETIME)
    assert await fault.residue(behind_proxy, undo) == 1
    slow, direct = await behind_proxy.canary(), await behind_proxy.ping()
    assert slow > timedelta(milliseconds=5 * POLICY.latency_budget_milliseconds)
    assert slow > 5 * direct
    assert "direct_milliseconds" in await read_surroundings(behind_proxy)
    await fault.recover(behind_proxy, undo)
    await fault.recover(behind_proxy, undo)
    assert await fault.residue(behind_proxy, undo) == 0
    assert await behind_proxy.canary() < slow / 2


async def test_somebody_elses_delay_stays(behind_proxy: Target) -> None:
    fault = build_faults()[FaultType.NETWORK_LATENCY]
    theirs, ours = (fault.undo_record(tag, SPEC, POLICY) for tag in ("theirs", "ours"))
    await fault.inject(behind_proxy, SPEC, theirs, LIFETIME)
    await fault.recover(behind_proxy, ours)
    assert await fault.residue(behind_proxy, theirs) == 1
    await fault.recover(behind_proxy, theirs)


async def test_the_end_of_a_delay_is_proven(behind_proxy: Target) -> None:
    fault, remedy = build_faults()[FaultType.NETWORK_LATENCY], REMEDIES[ActionType.REMOVE_LATENCY]
    idle = await remedy.observe(behind_proxy, ActionParams())
    assert "delayed nothing" in str(remedy.effect(idle, idle))
    await fault.inject(behind_proxy, SPEC, fault.undo_record("aaaabbbbcccc", SPEC, POLICY), LIFETIME)
    before = await remedy.observe(behind_proxy, ActionParams())
    assert "still delays" in str(remedy.effect(before, before))
    await remedy.execute(behind_proxy, ActionParams())
    assert remedy.effect(before, await remedy.observe(behind_proxy, ActionParams())) is None


def test_what_is_offered_follows_from_what_reaches_the_system() -> None:
    def offered(*facilities: Facility) -> set[str]:
        faults = Faults().fitting(SystemType.REDIS, facilities)
        return {*faults, *Remedies().fitting(SystemType.REDIS, facilities)}

    assert not offered() & {"SystemDown", "NetworkLatency", "PodKill", "RestartSystem", "RemoveLatency"}
    assert {"SystemDown", "RestartSystem"} == offered(Facility.CONTROL) - offered()
    assert {"NetworkLatency", "RemoveLatency"} == offered(Facility.PROXY) - offered()
    assert {"PodKill"} == offered(Facility.POD) - offered()


async def test_without_a_facility_nothing_is_done(redis: Server) -> None:
    target = open_target(SystemType.REDIS, access_to(f"redis://127.0.0.1:{redis.port}/0"))
    for type in (FaultType.SYSTEM_DOWN, FaultType.NETWORK_LATENCY, FaultType.POD_KILL):
        fault = build_faults()[type]
        with pytest.raises(Refused):
            await fault.inject(target, SPEC, fault.undo_record("aaaabbbbcccc", SPEC, POLICY), LIFETIME)
    await target.close()
