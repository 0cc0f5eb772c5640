"""Schedules against the real API server, with a clock of the test's own; and what becomes of children."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import yaml
from pydantic import JsonValue

from incident_crds.base import ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import Conflict
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.services.schedules import Schedules

from ..conftest import NAMESPACE, OperatorProcess, Stack
from ..waiting import eventually
from .drive import SCENARIOS, Driver, count_leftovers

YEARLY = "0 0 1 1 *"


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def schedules(stack: Stack, clock: Callable[[], datetime]) -> AsyncIterator[tuple[Schedules, Store]]:
    """One operator's schedules, with its rights and a cache of its own."""
    async with stack.client("operator") as client:
        builtin = Builtin(stack.config("operator"), client, namespace="incidentsim-system")
        store = Store(client)
        await store.sync()
        try:
            yield Schedules(store=store, builtin=builtin, now=clock), store
        finally:
            await builtin.close()


async def make_parent(sre: ApiClient, schedule: str) -> ChaosExperiment:
    manifest = yaml.safe_load((SCENARIOS / "disk-full.yaml").read_text())
    manifest["spec"] |= {"schedule": schedule, "historyLimit": 1}
    made = ChaosExperiment.parse(manifest)
    made.metadata = ObjectMeta(generate_name="yearly-", namespace=NAMESPACE)
    return await sre.create(made)


async def children_of(sre: ApiClient, parent: ChaosExperiment) -> list[ChaosExperiment]:
    label = f"incidentsimulator.net/schedule={parent.metadata.name}"
    return await sre.list_all(ChaosExperiment, NAMESPACE, label_selector=label)


async def step(one: tuple[Schedules, Store], parent: ChaosExperiment) -> None:
    """A reconcile as the queue calls it: again after a lost race."""
    made, store = one
    for _ in range(3):
        await store.sync()
        known = store.get(ChaosExperiment, parent.key)
        assert known is not None
        try:
            await made.reconcile(known)
        except Conflict:
            continue
        return
    raise AssertionError("three races were lost")


async def test_a_firing_makes_one_child_that_goes_with_its_parent(
    stack: Stack, kept_operator: OperatorProcess, sre: ApiClient, operator_client: ApiClient
) -> None:
    """Two operators at once, as when a lease changes hands; then a real one, which breaks what the child says."""
    kept_operator.stop()
    clock = Clock()
    parent = await make_parent(sre, YEARLY)
    async with schedules(stack, clock) as one, schedules(stack, clock) as other:
        await step(one, parent)
        seen = await sre.get(ChaosExperiment, *parent.key)
        assert seen.status.phase is ExperimentPhase.SCHEDULED
        assert seen.status.schedule is not None
        first = seen.status.schedule.next_fire_at
        assert first == datetime(clock.now.year + 1, 1, 1, tzinfo=UTC)
        for year in range(3):
            clock.now = first.replace(year=first.year + year) + timedelta(seconds=year)
            await asyncio.gather(step(one, parent), step(other, parent))
            *_, child = await children_of(sre, parent)
            assert child.metadata.name == f"{parent.metadata.name}-{first.year + year}01010000"
            if year < 2:
                over: dict[str, JsonValue] = {"status": {"phase": "Rejected", "reason": "NothingSelected"}}
                await operator_client.patch(ChaosExperiment, *child.key, over, subresource="status")
        names = [c.metadata.name for c in await children_of(sre, parent)]
        assert [name[-12:-8] for name in names] == [str(first.year + 1), str(first.year + 2)], "one too many, or few"
        clock.now = first.replace(year=first.year + 3)
        await step(one, parent)
        seen = await sre.get(ChaosExperiment, *parent.key)
        assert seen.status.schedule is not None
        assert (seen.status.schedule.skipped_reason, len(await children_of(sre, parent))) == ("ChildActive", 2)
    kept_operator.start()
    driver = Driver(sre)
    await driver.reaches(child, ExperimentPhase.ACTIVE)
    assert await count_leftovers(stack, "disk-full") > 0
    await sre.delete(ChaosExperiment, *parent.key)
    await driver.is_gone(parent)

    async def no_children() -> bool | None:
        return True if not await children_of(sre, parent) else None

    await eventually(no_children, "its children being gone")
    assert await count_leftovers(stack, "disk-full") == 0


async def test_a_wrong_schedule_is_rejected_and_says_which_field(operator: OperatorProcess, sre: ApiClient) -> None:
    parent = await make_parent(sre, "0 25 * * *")
    driver = Driver(sre)
    rejected = await driver.reaches(parent, ExperimentPhase.REJECTED)
    assert rejected.status.reason == "ScheduleInvalid"
    assert "field hour '25'" in rejected.status.message
    await driver.event("ScheduleInvalid", parent.metadata.name)
    await sre.delete(ChaosExperiment, *parent.key)
    await driver.is_gone(parent)
