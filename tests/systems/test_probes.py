"""Probes on real servers: what they measure, and what they say when they cannot."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from psycopg import sql
from typing_extensions import override

from incident_crds.catalogue import FaultType, SignalName, SystemType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.probes.base import Reading
from incident_operator.probes.evidence import gather_evidence
from incident_operator.probes.registry import PROBES, measure_all, signals_of
from incident_operator.targets import Target, open_target
from incident_operator.targets.base import narrow
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import OWN_SCHEMA, PostgresTarget
from incident_operator.targets.redis import RedisTarget
from tests.systems.servers import Server, access_to, free_port
from tests.waiting import eventually

POLICY = HealthPolicy()
S = SignalName
EXPECTED = {
    SystemType.REDIS: {S.MEMORY, S.CLIENTS, S.CANARY, S.LATENCY},
    SystemType.POSTGRES: {S.CONNECTIONS, S.BLOAT, S.LOCKS, S.CANARY, S.LATENCY},
    SystemType.DISK: {S.USAGE, S.CANARY, S.LATENCY},
}


@pytest.fixture(params=["redis_target", "postgres_target", "disk_target"])
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.getfixturevalue(request.param)
    return found


async def test_a_healthy_system_is_healthy_in_every_signal(target: Target) -> None:
    reachable, signals = await measure_all(target, POLICY)
    assert reachable
    assert {s.name for s in signals} == EXPECTED[target.type] == set(signals_of(target.type))
    for signal_ in signals:
        assert signal_.health is not None, signal_
        assert signal_.health >= 50, signal_
        assert any(char.isdigit() for char in signal_.message), signal_


@pytest.mark.parametrize("type", list(SystemType))
async def test_nobody_listening_is_unreachable(type: SystemType) -> None:
    scheme = {SystemType.REDIS: "redis", SystemType.POSTGRES: "postgresql", SystemType.DISK: "http"}[type]
    target = open_target(type, access_to(f"{scheme}://127.0.0.1:{free_port()}"))
    reachable, (only,) = await measure_all(target, POLICY)
    assert not reachable
    assert (only.name, only.health) == (S.REACHABLE, 0)
    assert "does not answer" in only.message
    evidence = await gather_evidence(target, "x", [only])
    assert "does not answer" in str(evidence.facts["error"])
    await target.close()


async def test_wrong_credentials_are_unknown_and_no_outage(redis: Server) -> None:
    access = access_to(f"redis://127.0.0.1:{redis.port}/0")
    target = open_target(SystemType.REDIS, dataclasses.replace(access, password="wrong"))
    reachable, (only,) = await measure_all(target, POLICY)
    assert (reachable, only.name, only.health) == (False, S.REACHABLE, None)
    assert "check the Secret's username and password" in only.message
    await target.close()


async def test_wrong_ordinary_credentials_leave_the_canary_unknown(redis: Server) -> None:
    good = access_to(f"redis://127.0.0.1:{redis.port}/0")
    target = open_target(SystemType.REDIS, dataclasses.replace(good, app_password="wrong"))
    reachable, signals = await measure_all(target, POLICY)
    health = {s.name: s.health for s in signals}
    assert reachable
    assert health[S.CANARY] is None
    assert health[S.LATENCY] is None
    assert (health[S.MEMORY] or 0) > 90
    await target.close()


async def test_a_hanging_system_is_unreachable_within_the_policy_s_time(redis: Server) -> None:
    target = open_target(SystemType.REDIS, access_to(f"redis://127.0.0.1:{redis.port}/0"))
    await target.open()
    assert redis.process is not None
    os.kill(redis.process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        reachable, (only,) = await measure_all(target, HealthPolicy(timeout_seconds=1))
        assert time.monotonic() - started < 10  # and not for as long as a hanging server lets one wait
        assert not reachable
        assert only.health == 0
        assert "within 1 s" in only.message
    finally:
        os.kill(redis.process.pid, signal.SIGCONT)

    async def is_back() -> bool:
        return (await measure_all(target, POLICY))[0]

    await eventually(is_back, "the return")
    await target.close()


async def test_a_lost_control_connection_is_no_outage(postgres_target: PostgresTarget) -> None:
    await postgres_target.open()
    session = await postgres_target.new_session("killer")
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
    await postgres_target.run_on(session, query, ("incidentsim-operator",))
    await session.close()
    reachable, signals = await measure_all(postgres_target, POLICY)
    assert reachable, signals


async def test_lost_statistics_are_unknown_until_an_analyze(postgres_target: PostgresTarget) -> None:
    fault = build_faults()[FaultType.POSTGRES_BLOAT]
    spec = FaultSpec.model_validate({"type": "PostgresBloat", "postgresBloat": {}})
    undo = fault.undo_record("aaaabbbbcccc", spec, HealthPolicy())
    await fault.inject(postgres_target, spec, undo, timedelta(seconds=60))

    async def bloat() -> tuple[int | None, str]:
        found = await PROBES[S.BLOAT].measure(Reading(postgres_target), POLICY)
        return found.health, found.message

    try:
        assert (await bloat())[0] == 10
        await postgres_target.execute("SELECT pg_stat_reset()")
        health, message = await bloat()
        assert health is None
        assert "run ANALYZE" in message
        await postgres_target.execute("ANALYZE")
        assert (await bloat())[0] == 10
    finally:
        await fault.recover(postgres_target, undo)


async def test_blocked_sessions_are_counted(postgres_target: PostgresTarget) -> None:
    holder = await postgres_target.new_session("holder", ordinary=True)
    waiter = await postgres_target.new_session("waiter", ordinary=True, settings={"statement_timeout": "20000"})
    await postgres_target.run_on(holder, "BEGIN")
    await postgres_target.run_on(holder, "LOCK TABLE orders")
    work = asyncio.ensure_future(waiter.execute("SELECT count(*) FROM orders"))
    try:
        end = time.monotonic() + 30
        while True:
            found = await PROBES[S.LOCKS].measure(Reading(postgres_target), POLICY)
            if found.health == 50:
                break
            assert time.monotonic() < end, found
            await asyncio.sleep(0.1)
        assert found.message.startswith("1 of 2 sessions blocked")
    finally:
        await holder.close()
        await work
        await waiter.close()


class SlowTarget(RedisTarget):
    """A target whose canary takes as long as it is told."""

    took = timedelta(0)

    @override
    async def canary(self) -> timedelta:
        return self.took


@pytest.mark.parametrize(("milliseconds", "health"), [(0, 100), (250, 100), (1375, 50), (2500, 0), (9000, 0)])
async def test_latency_falls_from_its_budget_to_ten_times_it(milliseconds: int, health: int) -> None:
    target = SlowTarget(access_to("redis://127.0.0.1:1/0"))
    target.took = timedelta(milliseconds=milliseconds)
    assert (await PROBES[S.LATENCY].measure(Reading(target), POLICY)).health == health


async def test_errors_of_one_probe_do_not_hide_the_others(redis_target: RedisTarget) -> None:
    refused = await redis_target.call("ACL", "SETUSER", "keeper", "-info")
    assert refused == b"OK"
    try:
        reachable, signals = await measure_all(redis_target, POLICY)
    finally:
        await redis_target.call("ACL", "SETUSER", "keeper", "+@all")
    health = {s.name: s.health for s in signals}
    assert reachable
    assert health[S.MEMORY] is None
    assert health[S.CANARY] == 100


class OddTarget(RedisTarget):
    """Answers INFO without what every server tells."""

    @override
    async def info(self, section: str) -> Mapping[str, str]:
        return {"maxclients": "many"}


async def test_an_answer_that_makes_no_sense_is_unknown(redis: Server) -> None:
    target = OddTarget(access_to(f"redis://127.0.0.1:{redis.port}/0"))
    reachable, signals = await measure_all(target, POLICY)
    health = {s.name: s.health for s in signals}
    assert reachable
    assert health[S.MEMORY] is None
    assert health[S.CLIENTS] is None
    assert health[S.CANARY] == 100
    assert {s.name: s.message for s in signals}[S.MEMORY] == "what was read makes no sense (KeyError); see the log"
    await target.close()


async def test_the_usage_signal_tells_what_enforces_the_capacity(disk_target: DiskTarget) -> None:
    found = await PROBES[S.USAGE].measure(Reading(disk_target), POLICY)
    assert found.enforced_by == (await disk_target.usage()).enforced_by == "agent"


async def test_the_first_probe_of_a_new_postgres_finds_it_healthy(postgres: Server) -> None:
    access = access_to(f"postgresql://127.0.0.1:{postgres.port}/app")
    before, fresh = open_target(SystemType.POSTGRES, access), open_target(SystemType.POSTGRES, access)
    await narrow(before, PostgresTarget).execute(
        sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(OWN_SCHEMA))
    )
    await before.close()
    reachable, signals = await measure_all(fresh, HealthPolicy())
    await fresh.close()
    assert reachable
    assert {s.name: s.health for s in signals}[SignalName.CANARY] == 100
