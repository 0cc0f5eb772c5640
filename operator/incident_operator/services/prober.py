"""Probes every system on a loop of its own, so that a burst of events cannot delay a sample."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from incident_crds.catalogue import SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator import metrics
from incident_operator.cluster.store import Key
from incident_operator.domain.sample import Sample
from incident_operator.probes.registry import measure_all
from incident_operator.targets import open_target
from incident_operator.targets.base import Access

log = structlog.get_logger(__name__)

OnSample = Callable[[Sample], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """A system as the prober sees it. A changed one is probed anew."""

    key: Key
    uid: str
    type: SystemType
    access: Access
    policy: HealthPolicy


class Prober:
    """One task a system in a thread of its own; each sample is handed to the caller's loop."""

    def __init__(self, on_sample: OnSample) -> None:
        self._on_sample = on_sample
        self._owner = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="probes", daemon=True)
        self._watched: dict[Key, Watched] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._nudges: dict[Key, asyncio.Event] = {}

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """End every probe and close its connections."""
        done = asyncio.run_coroutine_threadsafe(self._stop_all(), self._loop)
        await asyncio.wrap_future(done)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, 5)

    def watch(self, watched: Watched) -> None:
        """Probe the system from now on. The same one again changes nothing."""
        if self._watched.get(watched.key) == watched:
            return
        self._watched[watched.key] = watched
        self._loop.call_soon_threadsafe(self._begin, watched)

    def unwatch(self, key: Key) -> None:
        """Probe it no more."""
        if self._watched.pop(key, None) is not None:
            self._loop.call_soon_threadsafe(self._end, key)

    def request(self, key: Key) -> None:
        """Take the next sample now."""
        self._loop.call_soon_threadsafe(self._nudge, key)

    def _begin(self, watched: Watched) -> None:
        previous = self._tasks.get(watched.key)
        nudge = self._nudges[watched.key] = asyncio.Event()
        self._tasks[watched.key] = self._loop.create_task(self._probe(watched, nudge, previous))

    def _end(self, key: Key) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def _nudge(self, key: Key) -> None:
        if key in self._nudges:
            self._nudges[key].set()

    async def _stop_all(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe(self, watched: Watched, nudge: asyncio.Event, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            previous.cancel()
            await asyncio.gather(previous, return_exceptions=True)
        target = open_target(watched.type, watched.access)
        interval = watched.policy.interval_seconds
        due: float | None = None
        try:
            while True:
                started = self._loop.time()
                if due is not None:
                    metrics.PROBE_DELAY.labels(watched.type.value).observe(max(0.0, started - due))
                at = datetime.now(UTC)
                reachable, signals = await measure_all(target, watched.policy)
                namespace, system = watched.key
                sample = Sample(namespace, system, watched.uid, at, signals, reachable)
                self._owner.call_soon_threadsafe(self._on_sample, sample)
                due = await self._pause(nudge, started + interval)
        except asyncio.CancelledError:
            raise
        except Exception:
            # a bug in a probe must be seen, and must not leave the system unwatched
            log.exception("probe failed", namespace=watched.key[0], system=watched.key[1])
            self._loop.call_later(interval, self._restart, watched)
        finally:
            await target.close()

    def _restart(self, watched: Watched) -> None:
        if self._watched.get(watched.key) == watched:
            self._begin(watched)

    @staticmethod
    async def _pause(nudge: asyncio.Event, until: float) -> float | None:
        """Until then, or until the next sample is asked for; which of them, as the time or None."""
        try:
            async with asyncio.timeout_at(until):
                await nudge.wait()
        except TimeoutError:
            return until
        nudge.clear()
        return None
