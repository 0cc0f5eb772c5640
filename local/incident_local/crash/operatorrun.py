"""The operator as a process that may be killed at any time, and started again as a supervisor would."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace

from incident_local.errors import StartFailed
from incident_local.processes import Child, describe_exit, tail
from incident_local.supervisor import Service

_POLL_SECONDS = 0.05
FAILPOINT, JOURNAL = "INCIDENTSIM_FAILPOINT", "INCIDENTSIM_FAILPOINT_JOURNAL"


class OperatorRun:
    """One operator after another. Use as a context: leaving it stops the last one."""

    def __init__(self, service: Service, **environment: str) -> None:
        self._service = service
        self._environment = service.command.environment | environment
        self._child: Child | None = None
        self.armed: str | None = None

    async def __aenter__(self) -> OperatorRun:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._child is not None:
            await self._child.stop()

    async def start(self, failpoint: str | None) -> None:
        """Start it, armed or not, and wait until it is ready. Raises StartFailed.

        One that is armed may end before it is ready: what its predecessor left brought it there.
        """
        armed = {FAILPOINT: failpoint} if failpoint else {}
        command = replace(self._service.command, environment=self._environment | armed)
        self._child, self.armed = await Child.start(command), failpoint
        try:
            async with asyncio.timeout(self._service.ready_seconds):
                while not await self._is_ready():
                    if self._child.ended is not None:
                        how = describe_exit(self._child.ended)
                        raise StartFailed(
                            f"The operator {how} before it was ready:\n{tail(command.log)}", log=command.log
                        )
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StartFailed("The operator was not ready in time", log=command.log) from None

    async def _is_ready(self) -> bool:
        with suppress(OSError):
            return await self._service.is_ready()
        return False

    async def killed(self, within: float) -> bool:
        """Whether it ends by SIGKILL in time, of itself. Raises StartFailed where it ends otherwise."""
        child = self._running
        try:
            async with asyncio.timeout(within):
                code = await child.wait()
        except TimeoutError:
            return False
        if code != -signal.SIGKILL:
            raise StartFailed(f"The operator {describe_exit(code)}", log=self._service.command.log)
        return True

    async def kill(self) -> None:
        """SIGKILL, now."""
        child = self._running
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        await child.wait()

    @property
    def ended(self) -> str | None:
        """How it ended where it did, in words."""
        code = self._running.ended
        return None if code is None else describe_exit(code)

    @property
    def _running(self) -> Child:
        if self._child is None:
            raise StartFailed("The operator was not started")
        return self._child
