"""A plan that does harm, or goes no further, is taken back on the real system, and a person is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
import redis.asyncio as redis

from incident_crds.action import Action, ActionParams, RedisOption
from incident_crds.base import is_true
from incident_crds.catalogue import ActionType
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import Driver

FILLED = {"type": "RedisMemory", "redisMemory": {"fillPercent": 60}}
OPTIONS = (RedisOption.TIMEOUT, RedisOption.MAX_MEMORY, RedisOption.MAX_CLIENTS)


@pytest_asyncio.fixture
async def server(stack: Stack) -> AsyncIterator[redis.Redis]:
    """A connection of the test's own; what it finds set is set again after the test."""
    system = stack.system("redis-test")
    client = redis.Redis.from_url(system.endpoint, username=system.username, password=system.password)
    before = await options(client)
    yield client
    for name, value in before.items():
        await client.config_set(name, value)
    await client.aclose()


async def options(server: redis.Redis) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in OPTIONS:
        value = (await server.config_get(option.value))[option.value]
        assert value is not None, option
        found[option.value] = value
    return found


def reset(id: str, option: RedisOption, value: str | int) -> Action:
    params = ActionParams(option=option, value=str(value))
    return Action(id=id, type=ActionType.REDIS_RESET_CONFIG, system="redis-test", params=params)


async def escalated(driver: Driver, plan: RemediationPlan) -> Incident:
    async def look() -> Incident | None:
        incident = await driver.client.get(Incident, NAMESPACE, plan.spec.incident_ref)
        return incident if is_true(incident.status.conditions, "Escalated") else None

    return await eventually(look, "a person being called", 10)


def taken_back(plan: RemediationPlan) -> Mapping[str, bool]:
    return {r.id: r.rolled_back.succeeded for r in plan.status.action_results if r.rolled_back is not None}


async def test_a_plan_that_makes_it_worse_is_taken_back_and_a_person_called(
    operator: OperatorProcess, sre: ApiClient, server: redis.Redis
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    before = await options(server)
    experiment = await driver.start("redis-memory", fault=FILLED)
    proposed = await driver.plan_awaiting()
    used = (await server.info("memory"))["used_memory"]
    steps = [reset("first", RedisOption.TIMEOUT, 600), reset("worse", RedisOption.MAX_MEMORY, used * 105 // 100)]
    plan = await driver.propose(proposed, *steps)
    await driver.approve(plan)
    ended = await driver.plan_reaches(plan, *(p for p in PlanPhase if p.is_final), seconds=60)
    assert (ended.status.phase, ended.status.reason) == (PlanPhase.ROLLED_BACK, "WorseThanBefore")
    assert "taken back: first, worse" in ended.status.message
    assert taken_back(ended) == {"first": True, "worse": True}
    assert await options(server) == before
    incident = await escalated(driver, plan)
    assert incident.status.phase is not IncidentPhase.RESOLVED
    assert incident.status.timestamps.escalated_at is not None
    said = [e.detail for e in incident.status.timeline if e.type == "ActionRolledBack"]
    assert ["worse" in text for text in said] == [True, False], "the last action is taken back first"
    await driver.event("WorseThanBefore", plan.metadata.name)
    await driver.client.delete(ChaosExperiment, *experiment.key)
    await driver.is_gone(experiment)


@pytest.mark.parametrize(
    "is_killed",
    [
        False,
        # cut off at every single step, and quicker, in tests/systems/test_rollback.py
        pytest.param(True, marks=pytest.mark.slow),
    ],
)
async def test_after_a_failed_action_the_earlier_ones_are_taken_back_once(
    operator: OperatorProcess, sre: ApiClient, server: redis.Redis, is_killed: bool
) -> None:
    driver = Driver(sre)
    await driver.systems_ready()
    before = await options(server)
    experiment = await driver.start("redis-memory")
    absent = Action(
        id="absent",
        type=ActionType.REDIS_EVICT_PREFIX,
        system="redis-test",
        params=ActionParams(prefix="nobody-has-such-keys:"),
    )
    steps = [reset("one", RedisOption.TIMEOUT, 600), reset("two", RedisOption.MAX_CLIENTS, 250), absent]
    plan = await driver.propose(await driver.plan_awaiting(), *steps)
    await server.config_set("slowlog-log-slower-than", 0)  # Redis itself counts: here every command is slow
    await server.config_set("slowlog-max-len", 10000)
    await server.slowlog_reset()
    await driver.approve(plan)

    async def begun() -> bool:
        return (await driver.client.get(RemediationPlan, *plan.key)).status.rollback is not None

    await eventually(begun, "the rollback")
    if is_killed:
        operator.kill()
        operator.start()
    ended = await driver.plan_reaches(plan, *(p for p in PlanPhase if p.is_final), seconds=60)
    await server.config_set("slowlog-log-slower-than", 10000)
    commands = [entry["command"] for entry in await server.slowlog_get(10000)]
    assert (ended.status.phase, ended.status.reason) == (PlanPhase.ROLLED_BACK, "ActionFailed")
    assert "there were no keys with the prefix" in ended.status.message
    assert taken_back(ended) == {"one": True, "two": True}
    assert await options(server) == before
    written = [c for c in commands if c.startswith((b"CONFIG SET timeout", b"CONFIG SET maxclients"))]
    assert len(written) == 4, "each was set once and taken back once"
    if is_killed:
        await driver.reaches(experiment, ExperimentPhase.ABORTED)
    await driver.client.delete(ChaosExperiment, *experiment.key)
    await driver.is_gone(experiment)
