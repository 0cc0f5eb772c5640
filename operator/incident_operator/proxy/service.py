"""What the control endpoint does: stop, start, restart, delay; and end what is past its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from incident_operator.proxy.errors import Busy, StateBroken, StopEnded, Unfinished
from incident_operator.proxy.forwarding import Forwarder
from incident_operator.proxy.state import Latency, StateFolder, Stop
from incident_operator.proxy.upstream import Upstream

PATIENCE = timedelta(seconds=30)
_LOOK_SECONDS = 0.05
_SHORTEST_PAUSE = timedelta(milliseconds=10)
_LONGEST_PAUSE = timedelta(seconds=1)  # so late a restart of the server, or a clock set forward, is noticed at most

log = structlog.get_logger("proxy")


@dataclass(frozen=True, slots=True)
class Status:
    """All that GET / tells."""

    is_running: bool
    started_at: datetime | None
    stop: Stop | None
    latency: Latency | None


class ProxyService:
    """Stop, start and restart exclude one another; each answers within `patience`, counted from its beginning.

    They raise Unfinished where the server does not come along, Busy where another one is still at work.
    """

    def __init__(
        self,
        state: StateFolder,
        upstream: Upstream,
        forwarder: Forwarder,
        clock: Callable[[], datetime],
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._state = state
        self._upstream = upstream
        self._forwarder = forwarder
        self._clock = clock
        self._patience = patience
        self._change = asyncio.Lock()
        self._files = asyncio.Lock()  # held for a moment only, so that the dead-man never waits for a request
        self._wake = asyncio.Event()

    async def describe(self) -> Status:
        is_running = await self._upstream.is_accepting()
        latency = self._state.read_latency()
        return Status(is_running, self._upstream.started_at, self._state.read_stop(), latency)

    async def stop(self, lifetime: timedelta, tag: str) -> None:
        """Return when the server takes no more connections. It starts by itself after `lifetime`."""
        async with self._exclusive() as deadline:
            stop = await self._write_stop(lifetime, tag)
            await self._wait_down(stop, deadline)
        log.info("stopped", tag=tag, until=stop.until.isoformat())

    async def start(self) -> None:
        """End any stop, and return when the server takes connections."""
        await self._remove_stop()  # before its turn: a stop that still waits for a slow server ends so
        async with self._exclusive() as deadline:
            await self._remove_stop()
            await self._wait_up(deadline)

    async def restart(self) -> None:
        """End any stop and replace the process."""
        async with self._exclusive() as deadline:
            stop = await self._write_stop(self._patience * 2, "restart")
            try:
                await self._wait_down(stop, deadline)
            finally:
                await self._remove_stop()
            await self._wait_up(deadline)
        log.info("restarted")

    async def set_latency(self, milliseconds: int, lifetime: timedelta, tag: str) -> None:
        """Hold back what the server sends; it ends by itself after `lifetime`."""
        latency = Latency(milliseconds, self._clock().astimezone(UTC) + lifetime, tag)
        async with self._files:
            try:
                await asyncio.to_thread(self._state.write_latency, latency)
            except OSError as error:
                raise StateBroken(f"no record of the latency can be written, so there is none: {error}") from error
            self._forwarder.set_delay(milliseconds / 1000)
        self._wake.set()
        log.info("latency set", milliseconds=milliseconds, tag=tag, until=latency.until.isoformat())

    async def remove_latency(self) -> None:
        async with self._files:
            await self._end_latency()

    def resume(self) -> None:
        """Take up the latency that was in force when the proxy ended. Call it before the first client comes."""
        latency = self._state.read_latency()
        if latency is not None and latency.until > self._clock():
            self._forwarder.set_delay(latency.milliseconds / 1000)

    async def expire(self) -> timedelta:
        """End what is past its time; how long until the next look. Raises OSError."""
        async with self._files:
            now = self._clock()
            stop, latency = self._state.read_stop(), self._state.read_latency()
            if stop is not None and stop.until <= now:
                await asyncio.to_thread(self._state.remove_stop)
                log.warning("the stop is past its time: the server starts again", tag=stop.tag)
                stop = None
            if latency is None or latency.until <= now:
                # also where the record went without us: nothing would ever end such a delay
                await self._end_latency()
                latency = None
        pauses = (max(record.until - now, _SHORTEST_PAUSE) for record in (stop, latency) if record is not None)
        return min(pauses, default=_LONGEST_PAUSE)

    async def watch_forever(self) -> None:
        """The dead-men's loop, which also looks when the server begins to take connections."""
        while True:
            self._wake.clear()
            pause = _LONGEST_PAUSE
            try:
                pause = min(await self.expire(), _LONGEST_PAUSE)
                await self._upstream.is_accepting()
            except OSError as error:
                log.error("a look failed; it is tried again", reason=str(error))
            try:
                await asyncio.wait_for(self._wake.wait(), pause.total_seconds())
            except TimeoutError:
                continue

    async def _end_latency(self) -> None:
        self._forwarder.set_delay(0)
        if await asyncio.to_thread(self._state.remove_latency):
            log.info("latency ended")

    async def _write_stop(self, lifetime: timedelta, tag: str) -> Stop:
        stop = Stop(self._clock().astimezone(UTC) + lifetime, tag)
        async with self._files:
            try:
                await asyncio.to_thread(self._state.write_stop, stop)
            except OSError as error:
                raise StateBroken(f"no record of the stop can be written, so nothing is stopped: {error}") from error
        self._wake.set()
        return stop

    async def _remove_stop(self) -> None:
        async with self._files:
            await asyncio.to_thread(self._state.remove_stop)

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[float]:
        """One change at a time, in the order in which they came; yields the loop's time when it has to be over."""
        deadline = asyncio.get_running_loop().time() + self._patience.total_seconds()
        try:
            async with asyncio.timeout_at(deadline):
                await self._change.acquire()
        except TimeoutError:
            raise Busy(f"another stop or start was still at work after {self._seconds} s; ask again") from None
        try:
            yield deadline
        finally:
            self._change.release()

    async def _wait_down(self, stop: Stop, deadline: float) -> None:
        while await self._upstream.is_accepting():
            if self._state.read_stop() != stop:
                raise StopEnded("the stop was over before the server was down: its time was short, or it was ended")
            if asyncio.get_running_loop().time() > deadline:
                raise Unfinished(
                    f"the server at {self._upstream.address} still takes connections after {self._seconds} s; "
                    "does its container run it by the wrapper? POST /start ends the attempt"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _wait_up(self, deadline: float) -> None:
        while not await self._upstream.is_accepting():
            if asyncio.get_running_loop().time() > deadline:
                raise Unfinished(
                    f"the server at {self._upstream.address} takes no connections after {self._seconds} s; "
                    "nothing keeps it stopped any more: look at the log of its container"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def _seconds(self) -> str:
        return f"{self._patience.total_seconds():g}"
