"""A level-based queue: a key is marked dirty, and is reconciled once, however often it was marked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from incident_crds.errors import ApiError, Conflict, NotFound
from incident_operator.cluster.store import Key
from incident_operator.targets.errors import TargetError

FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 30.0

Reconcile = Callable[[Key], Awaitable[timedelta | None]]
"""Brings one object closer to what it should be; returns when to look again unasked."""

log = structlog.get_logger(__name__)


class WorkQueue:
    """Runs one reconcile function over keys: never twice at once for a key, and again after a failure."""

    def __init__(self, name: str, reconcile: Reconcile, *, workers: int = 4) -> None:
        self._name = name
        self._reconcile = reconcile
        self._workers = workers
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    def mark(self, key: Key) -> None:
        """Reconcile the key soon."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._running:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def mark_after(self, key: Key, delay: float) -> None:
        """Reconcile the key after so many seconds, unless it is marked or due before."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None:
            if known.when() <= loop.time() + delay:
                return
            known.cancel()
        self._timers[key] = loop.call_later(delay, self._fire, key)

    def _fire(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.mark(key)

    @property
    def depth(self) -> int:
        """Keys that wait."""
        return len(self._queued)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._workers):
                group.create_task(self._work(), name=f"{self._name}-{number}")

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._running.add(key)
            try:
                await self._reconcile_once(key)
            finally:
                self._running.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.mark(key)

    async def _reconcile_once(self, key: Key) -> None:
        with structlog.contextvars.bound_contextvars(namespace=key[0], **{self._name: key[1]}):
            try:
                after = await self._reconcile(key)
            except (Conflict, NotFound):
                self._retry(key)  # the world moved on; the watch brings what changed
            except (ApiError, TargetError) as error:
                delay = self._retry(key)
                log.warning("will try again", error=str(error), seconds=round(delay, 1))
            except Exception:
                # a bug in one object's handling must not stop the others
                delay = self._retry(key)
                log.exception("reconciling failed", seconds=round(delay, 1))
            else:
                self._failures.pop(key, None)
                if after is not None:
                    self.mark_after(key, max(0.0, after.total_seconds()))

    def _retry(self, key: Key) -> float:
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = float(min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(count, 10)))
        self.mark_after(key, delay)
        return delay
