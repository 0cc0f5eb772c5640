"""What a plan did is taken back once, the last first, whenever the operator dies meanwhile; or it is said why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import pytest_asyncio

from incident_crds.action import Action, ActionParams, RedisOption
from incident_crds.base import ObjectMeta
from incident_crds.catalogue import ActionType
from incident_crds.client import ApiClient
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import (
    ActionResult,
    PinnedTarget,
    PlanPhase,
    RemediationPlan,
    RemediationPlanStatus,
    Rollback,
)
from incident_operator.cluster.store import Key, Store
from incident_operator.domain.rollback import decide_rollback_end
from incident_operator.remedies.registry import REMEDIES
from incident_operator.services.catalogue import Remedies
from incident_operator.services.rollback import Rollbacks
from incident_operator.services.systems import Systems
from incident_operator.targets.redis import RedisTarget
from tests.domain import factories
from tests.systems.undo_machine import Cut, Interrupter

REMEDY = REMEDIES[ActionType.REDIS_RESET_CONFIG]
GOALS = {RedisOption.TIMEOUT: "600", RedisOption.MAX_CLIENTS: "60"}
"""What the plan's two actions set, in order."""


class Cluster:
    """The store with a plan in it, and the one system that its actions are about."""

    def __init__(self, target: RedisTarget) -> None:
        self.store = Store(cast("ApiClient", None))
        self.reached = target
        self.version = 1
        self.store.put(MockSystem, factories.system())

    async def target(self, key: Key, *, is_open: bool = True) -> RedisTarget:
        return self.reached

    async def write(self, plan: RemediationPlan, status: RemediationPlanStatus) -> RemediationPlan:
        self.version += 1
        metadata = plan.metadata.model_copy(update={"resource_version": str(self.version)})
        self.store.put(RemediationPlan, plan.model_copy(update={"metadata": metadata, "status": status}))
        return self.plan

    @property
    def plan(self) -> RemediationPlan:
        (found,) = self.store.list_all(RemediationPlan)
        return found

    def rollbacks(self) -> Rollbacks:
        """As a process has them that has just begun."""
        systems = cast("Systems", self)
        return Rollbacks(store=self.store, systems=systems, remedies=Remedies(), write=self.write)


async def value_of(target: RedisTarget, option: RedisOption) -> str:
    return str((await REMEDY.observe(target, ActionParams(option=option)))["value"])


async def settings_written(target: RedisTarget) -> int:
    """How often the options were set, as Redis itself has it in its log of slow commands, which here are all."""
    entries = cast("list[list[list[bytes]]]", await target.call("SLOWLOG", "GET", 128))
    commands = [b" ".join(entry[3]).decode() for entry in entries]
    return sum(command.startswith(tuple(f"CONFIG SET {option}" for option in GOALS)) for command in commands)


async def carried_out(target: RedisTarget, *, began: datetime | None = None) -> Cluster:
    """A plan whose two actions succeeded and that is to be taken back."""
    cluster, results, actions = Cluster(target), [], []
    for number, (option, value) in enumerate(GOALS.items(), start=1):
        params = ActionParams(option=option, value=value)
        before = await REMEDY.observe(target, params)
        await REMEDY.execute(target, params)
        after = await REMEDY.observe(target, params)
        now = datetime.now(UTC)
        fields = {"started_at": now, "ended_at": now, "succeeded": True, "before": before, "after": after}
        results.append(ActionResult.model_validate({"id": f"step-{number}", "type": REMEDY.type, **fields}))
        actions.append(Action(id=f"step-{number}", type=REMEDY.type, system="redis-test", params=params))
    made = factories.plan(spec={"actions": actions})
    status = RemediationPlanStatus(
        phase=PlanPhase.VERIFYING,
        action_results=results,
        targets=[PinnedTarget(system="redis-test", uid="uid-system", generation=1)],
        rollback=Rollback(started_at=began or datetime.now(UTC), reason="WorseThanBefore", message="canary fell"),
    )
    metadata = ObjectMeta(**{**dict(made.metadata), "resource_version": "1"})
    cluster.store.put(RemediationPlan, made.model_copy(update={"metadata": metadata, "status": status}))
    return cluster


@pytest_asyncio.fixture(autouse=True)
async def values(redis_target: RedisTarget) -> AsyncIterator[dict[RedisOption, str]]:
    """What the options are before the test, and after it."""
    found = {option: await value_of(redis_target, option) for option in GOALS}
    await redis_target.call("CONFIG", "SET", "slowlog-log-slower-than", 0)
    yield found
    for option, value in found.items():
        await redis_target.call("CONFIG", "SET", option.value, value)
    await redis_target.call("CONFIG", "SET", "slowlog-log-slower-than", 10000)


async def finish(cluster: Cluster) -> tuple[PlanPhase, str, str]:
    """Go on, as a process that has just begun, until all was tried; how the plan ends."""
    plan, wait = await cluster.rollbacks().run(cluster.plan)
    assert wait is None
    phase, why = decide_rollback_end(plan)
    return phase, why.reason, why.message


@pytest.mark.parametrize("cut", [Cut.KILLED_BEFORE, Cut.KILLED_AFTER])
async def test_each_action_is_taken_back_once_whenever_the_process_dies(
    redis_target: RedisTarget, values: dict[RedisOption, str], cut: Cut
) -> None:
    """Before and after each single call to the target."""
    calls, was_killed = 0, True
    while was_killed:
        cluster = await carried_out(redis_target)
        await redis_target.call("SLOWLOG", "RESET")
        was_killed = await run_and_be_killed(cluster, calls, cut)
        phase, reason, message = await finish(cluster)
        assert (phase, reason) == (PlanPhase.ROLLED_BACK, "WorseThanBefore"), message
        assert {o: await value_of(redis_target, o) for o in GOALS} == values, f"{cut.value} call {calls}"
        assert await settings_written(redis_target) == len(GOALS), f"{cut.value} call {calls}"
        first, second = (r.rolled_back for r in cluster.plan.status.action_results)
        assert first is not None
        assert second is not None
        assert (first.ended_at or first.started_at) > (second.ended_at or first.started_at), "the last goes first"
        calls += 1
    assert calls > 8


async def run_and_be_killed(cluster: Cluster, calls: int, cut: Cut) -> bool:
    """By a process that is killed at one of its calls; whether it made so many."""
    sound, interrupter = cluster.reached, Interrupter()
    cluster.reached = RedisTarget(sound.access)
    interrupter.watch(cluster.reached)
    interrupter.arm(calls, cut)
    with suppress(asyncio.CancelledError):
        await cluster.rollbacks().run(cluster.plan)
    was_killed = interrupter.disarm()
    await cluster.reached.close()
    cluster.reached = sound
    return was_killed


async def test_what_somebody_changed_since_stays_and_the_other_is_taken_back(redis_target: RedisTarget) -> None:
    cluster = await carried_out(redis_target)
    await redis_target.call("CONFIG", "SET", "maxclients", "70")
    phase, reason, message = await finish(cluster)
    assert (phase, reason) == (PlanPhase.FAILED, "RollbackFailed")
    assert "step-2: somebody changed it" in message
    assert "step-1" not in message
    assert await value_of(redis_target, RedisOption.MAX_CLIENTS) == "70"
    assert await value_of(redis_target, RedisOption.TIMEOUT) == "0"


async def test_a_system_of_the_same_name_is_left_alone(redis_target: RedisTarget) -> None:
    cluster = await carried_out(redis_target)
    other = factories.system()
    other.metadata.uid = "uid-other"
    cluster.store.put(MockSystem, other)
    phase, reason, message = await finish(cluster)
    assert (phase, reason) == (PlanPhase.FAILED, "RollbackFailed")
    assert message.count("another system has its name") == 2
    assert await value_of(redis_target, RedisOption.TIMEOUT) == "600"


async def test_a_system_that_does_not_answer_is_waited_for_and_then_given_up(redis_target: RedisTarget) -> None:
    gone = RedisTarget(redis_target.access.__class__("redis://127.0.0.1:1/0", "u", "p", "u", "p"))
    cluster = await carried_out(redis_target)
    cluster.reached = gone
    plan, wait = await cluster.rollbacks().run(cluster.plan)
    assert wait is not None
    assert [r.rolled_back for r in plan.status.action_results] == [None, None]
    cluster = await carried_out(redis_target, began=datetime.now(UTC) - timedelta(minutes=1))
    cluster.reached = gone
    phase, reason, message = await finish(cluster)
    assert (phase, reason) == (PlanPhase.FAILED, "RollbackFailed")
    assert "does not answer" in message
    assert "a person has to look" in message


async def test_an_action_that_failed_before_it_did_anything_is_not_taken_back(
    redis_target: RedisTarget, values: dict[RedisOption, str]
) -> None:
    cluster = await carried_out(redis_target)
    await redis_target.call("CONFIG", "SET", "maxclients", values[RedisOption.MAX_CLIENTS])
    first, second = cluster.plan.status.action_results
    failed = second.model_copy(update={"succeeded": False, "after": {}})
    await cluster.write(cluster.plan, cluster.plan.status.model_copy(update={"action_results": [first, failed]}))
    phase, _, message = await finish(cluster)
    assert (phase, message) == (PlanPhase.ROLLED_BACK, "canary fell; taken back: step-1")
    alone = cluster.plan.status.model_copy(update={"action_results": [failed]})
    await cluster.write(cluster.plan, alone)
    assert await finish(cluster) == (PlanPhase.FAILED, "WorseThanBefore", "canary fell")
