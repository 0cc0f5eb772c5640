"""The queue: once for many marks, never twice at once, again after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from incident_crds.errors import Conflict, Unreachable
from incident_operator.cluster.store import Key
from incident_operator.services import workqueue
from incident_operator.services.workqueue import WorkQueue

KEY = ("drills", "one")


@asynccontextmanager
async def running(queue: WorkQueue) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition at all, each turn of the loop
            await asyncio.sleep(0)


async def test_many_marks_are_one_run() -> None:
    runs: list[Key] = []

    async def reconcile(key: Key) -> None:
        runs.append(key)

    queue = WorkQueue("test", reconcile)
    for _ in range(100):
        queue.mark(KEY)
    queue.mark(("drills", "two"))
    async with running(queue):
        await until(lambda: len(runs) == 2)
    assert sorted(runs) == [KEY, ("drills", "two")]


async def test_a_mark_during_a_run_is_another_run_and_never_two_at_once() -> None:
    active = runs = 0
    release = asyncio.Event()

    async def reconcile(_: Key) -> None:
        nonlocal active, runs
        active += 1
        assert active == 1
        runs += 1
        await release.wait()
        active -= 1

    queue = WorkQueue("test", reconcile)
    queue.mark(KEY)
    async with running(queue):
        await until(lambda: active == 1)
        for _ in range(5):
            queue.mark(KEY)
        release.set()
        await until(lambda: runs == 2 and active == 0)
        assert queue.depth == 0


@pytest.mark.parametrize("error", [Conflict("x"), Unreachable("x"), ValueError("a bug")])
async def test_a_failure_is_tried_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workqueue, "FIRST_BACKOFF", 0.001)
    runs = 0

    async def reconcile(_: Key) -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            raise error

    queue = WorkQueue("test", reconcile)
    queue.mark(KEY)
    async with running(queue):
        await until(lambda: runs == 4)


async def test_a_later_look_does_not_put_off_an_earlier_one() -> None:
    runs = 0

    async def reconcile(_: Key) -> timedelta | None:
        nonlocal runs
        runs += 1
        return None

    queue = WorkQueue("test", reconcile)
    async with running(queue):
        queue.mark_after(KEY, 0.01)
        queue.mark_after(KEY, 3600)
        await until(lambda: runs == 1)
