"""The driver's end of the swarm process."""

from __future__ import annotations

import asyncio
import itertools
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from benchmarks.swarm.board import Stream
from incident_local.processes import die_with_parent, kill_group

_CHECKOUT = Path(__file__).resolve().parents[1]
_SPARE_SECONDS = 30.0
_LONGEST_LINE = 2**20


class SwarmFailed(Exception):
    """The swarm could not do what it was told, or ended."""


class SwarmLink:
    """A swarm of its own. Use as an async context manager; every command has a deadline."""

    def __init__(self, stream: Stream, *, sample: int) -> None:
        self._stream = stream
        self._sample = sample
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.swarm"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_CHECKOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),
            limit=_LONGEST_LINE,
        )
        self._listening = asyncio.create_task(self._listen(self._process))
        await self._ask("aim", stream=asdict(self._stream), sample=self._sample)
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._process is not None:
            kill_group(self._process.pid)
            await self._process.wait()
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def connect(self, count: int, *, resume: bool = False, seconds: float = 60.0) -> dict[str, Any]:
        """Connect boards at once; see Flock.connect."""
        return await self._ask("connect", count=count, resume=resume, seconds=seconds)

    async def disconnect(self) -> None:
        """Drop all boards at once."""
        await self._ask("disconnect")

    async def watch(self, *, first: int, size: int) -> None:
        """Expect these marks."""
        await self._ask("watch", first=first, size=size)

    async def wait(self, sent: int, *, idle_seconds: float, seconds: float) -> dict[str, Any]:
        """Until all has arrived, or it stops arriving; see Flock.wait."""
        return await self._ask("wait", sent=sent, idle_seconds=idle_seconds, seconds=seconds)

    async def report(self, sent: int = 0) -> dict[str, Any]:
        """See Flock.report; and the swarm's own CPU seconds so far."""
        return await self._ask("report", sent=sent)

    async def inspection(self) -> dict[str, Any]:
        """See Flock.inspection."""
        return await self._ask("inspection")

    async def open_raw(self, name: str) -> None:
        """One more client, which never reads."""
        await self._ask("open_raw", name=name)

    async def reset_raw(self, name: str) -> None:
        """End that client with a TCP reset."""
        await self._ask("reset_raw", name=name)

    async def _ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None:
            raise SwarmFailed("the swarm is not open: use it as an async context manager")
        identity = next(self._ids)
        self._waiting[identity] = asyncio.get_running_loop().create_future()
        process.stdin.write(orjson.dumps({"id": identity, "do": do, **arguments}) + b"\n")
        try:
            async with asyncio.timeout(arguments.get("seconds", 0.0) + _SPARE_SECONDS):
                answer = await self._waiting[identity]
        except TimeoutError:
            raise SwarmFailed(f"the swarm did not answer {do} in time") from None
        finally:
            del self._waiting[identity]
        if "error" in answer:
            raise SwarmFailed(f"{do}: {answer['error']}")
        result: dict[str, Any] = answer["answer"]
        return result

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise RuntimeError("the swarm was started without pipes")
        async for line in process.stdout:
            answer = orjson.loads(line)
            waiting = self._waiting.get(answer["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(SwarmFailed("the swarm ended"))
