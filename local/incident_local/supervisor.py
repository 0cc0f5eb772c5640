"""Starts processes in order, waits until each is ready, and keeps, restarts or stops them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TypeVar, assert_never

from incident_local.backoff import Backoff
from incident_local.errors import ControlPlaneDied, LocalError, StartFailed
from incident_local.processes import Child, Command, describe_exit, rotate_log, tail

T = TypeVar("T")

PROBE_SECONDS = 0.05
PROBE_TIMEOUT_SECONDS = 2.0


class OnExit(Enum):
    """What the end of a process means for the rest."""

    STOP_ALL = auto()
    RESTART = auto()
    LEAVE = auto()


@dataclass(frozen=True, slots=True)
class Service:
    """A process with its readiness probe. The probe raises OSError or returns False while it is not ready."""

    command: Command
    is_ready: Callable[[], Awaitable[bool]]
    on_exit: OnExit
    ready_seconds: float = 30.0


@dataclass(slots=True)
class _Entry:
    service: Service
    child: Child
    started_at: datetime
    backoff: Backoff
    watcher: asyncio.Task[None] | None = None
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What is known of a service's process."""

    running: bool
    pid: int | None
    started_at: datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Supervisor:
    """Owner of all processes of one `up`. Use as a context: leaving it stops them in reverse order."""

    def __init__(
        self,
        warn: Callable[[str], None],
        *,
        backoff: Backoff | None = None,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._warn = warn
        self._backoff = backoff or Backoff()
        self._now = now
        self._sleep = sleep
        self._entries: dict[str, _Entry] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._failure: asyncio.Future[LocalError] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Supervisor:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops all, whatever comes meanwhile: a first Ctrl-C may arrive while everything is being stopped."""
        stopping = asyncio.ensure_future(self.stop_all())
        cancelled = False
        while not stopping.done():
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                cancelled = not stopping.cancelled()
        stopping.result()
        if cancelled:
            raise asyncio.CancelledError

    async def start(self, service: Service) -> None:
        """Start and wait until it is ready. Raises StartFailed with the end of its log."""
        name = service.command.name
        rotate_log(service.command.log)
        self._locks[name] = asyncio.Lock()
        async with self._locks[name]:
            await self._launch(service, self._backoff)

    async def stop(self, name: str) -> None:
        """Stop one service; it stays down until `resume`."""
        async with self._locks[name]:
            await self._halt(self._entries[name])

    async def resume(self, name: str) -> None:
        """Start a stopped service again and wait until it is ready; nothing happens when it runs."""
        async with self._locks[name]:
            entry = self._entries[name]
            if entry.child.ended is not None:
                await self._halt(entry)
                await self._launch(entry.service, entry.backoff)

    async def restart(self, name: str) -> None:
        """Stop and start as one: nobody can come between."""
        async with self._locks[name]:
            entry = self._entries[name]
            await self._halt(entry)
            await self._launch(entry.service, entry.backoff)

    def state(self, name: str) -> ProcessState:
        entry = self._entries[name]
        running = entry.child.ended is None
        return ProcessState(running, entry.child.pid if running else None, entry.started_at)

    def pids(self) -> dict[str, int]:
        """The running processes by service."""
        return {name: entry.child.pid for name, entry in self._entries.items() if entry.child.ended is None}

    async def wait_failure(self) -> LocalError:
        """Returns when something ended that the rest cannot do without."""
        return await asyncio.shield(self._failure)

    async def unless_failed(self, work: Awaitable[T]) -> T:
        """What the work gives. Raises instead what `wait_failure` returns, where that comes first."""
        task = asyncio.ensure_future(work)
        failure = asyncio.ensure_future(self.wait_failure())
        try:
            await asyncio.wait({task, failure}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise failure.result()
            return await task
        finally:
            for each in (task, failure):
                each.cancel()
            await asyncio.gather(task, failure, return_exceptions=True)

    async def stop_all(self) -> None:
        """Stop in the reverse order of the starts."""
        async with AsyncExitStack() as stops:  # one that fails keeps nobody from stopping the others
            for entry in self._entries.values():
                stops.push_async_callback(self._halt, entry)
        self._entries.clear()

    async def _launch(self, service: Service, backoff: Backoff) -> None:
        command = service.command
        try:
            child = await Child.start(command)
        except OSError as error:
            raise StartFailed(
                f"{command.name} could not be started: {error.strerror}: {command.argv[0]}", log=command.log
            ) from error
        # Order in the dict is the order of the first starts: a restarted one keeps its place.
        entry = _Entry(service, child, self._now(), backoff)
        self._entries[command.name] = entry
        await _wait_ready(service, child)
        entry.watcher = asyncio.create_task(self._watch(entry), name=f"watch {command.name}")

    async def _halt(self, entry: _Entry) -> None:
        entry.stopping = True
        if entry.watcher:
            entry.watcher.cancel()
            await asyncio.gather(entry.watcher, return_exceptions=True)
        await entry.child.stop()

    async def _watch(self, entry: _Entry) -> None:
        """Wait for an end that nobody asked for, and answer it."""
        name, command = entry.service.command.name, entry.service.command
        while True:
            code = await entry.child.wait()
            if entry.stopping:
                return
            what = f"{name} {describe_exit(code)}"
            match entry.service.on_exit:
                case OnExit.STOP_ALL:
                    self._fail(
                        ControlPlaneDied(
                            f"{what}, and nothing works without it\n{tail(command.log)}",
                            remedy="see the end of its log above, then start again",
                            log=command.log,
                        )
                    )
                    return
                case OnExit.LEAVE:
                    self._warn(
                        f"{what}. It is a target: it starts again only through its control endpoint. Log: {command.log}"
                    )
                    return
                case OnExit.RESTART:
                    await self._start_again(entry, what)
                case never:
                    assert_never(never)

    async def _start_again(self, entry: _Entry, what: str) -> None:
        command = entry.service.command
        while True:
            delay, entry.backoff = entry.backoff.after_exit(entry.started_at, self._now())
            self._warn(f"{what}. Starting it again in {delay.total_seconds():g} s. Log: {command.log}")
            await self._sleep(delay.total_seconds())
            entry.started_at = self._now()
            try:
                entry.child = await Child.start(command)
                return
            except OSError as error:
                what = f"{command.name} could not be started: {error.strerror}"

    def _fail(self, error: LocalError) -> None:
        if not self._failure.done():
            self._failure.set_result(error)


async def _wait_ready(service: Service, child: Child) -> None:
    command = service.command
    try:
        async with asyncio.timeout(service.ready_seconds):
            while not await _is_ready(service):
                if child.ended is not None:
                    raise StartFailed(
                        f"{command.name} {describe_exit(child.ended)} before it was ready\n{tail(command.log)}",
                        remedy="see the end of its log above",
                        log=command.log,
                    )
                await asyncio.sleep(PROBE_SECONDS)
    except TimeoutError:
        raise StartFailed(
            f"{command.name} was not ready within {service.ready_seconds:g} s\n{tail(command.log)}",
            remedy="see its log; a machine that is busy with other work may need a second try",
            log=command.log,
        ) from None


async def _is_ready(service: Service) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            return await service.is_ready()
    except (OSError, TimeoutError):
        return False
