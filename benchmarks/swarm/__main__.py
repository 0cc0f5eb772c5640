"""The process: commands as JSON lines on stdin, one answer a line on stdout. It ends when stdin does."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop

from benchmarks.swarm.board import Stream
from benchmarks.swarm.flock import Flock
from benchmarks.swarm.saboteur import open_raw, reset

Command = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
_LONGEST_LINE = 2**20


class Swarm:
    """The commands. Each is a method that takes the command's arguments and gives its answer."""

    def __init__(self) -> None:
        self._stream = Stream("", 0, "", {})
        self._flock = Flock(self._stream, sample=0)
        self._raw: dict[str, socket.socket] = {}

    async def aim(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._stream = Stream(**arguments["stream"])
        self._flock = Flock(self._stream, sample=arguments["sample"])
        return {}

    async def connect(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._flock.connect(**arguments)

    async def disconnect(self, _: dict[str, Any]) -> dict[str, Any]:
        self._flock.disconnect()
        return {}

    async def watch(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._flock.watch(**arguments)
        return {}

    async def wait(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._flock.wait(**arguments)

    async def report(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return self._flock.report(**arguments) | {
            "cpu_seconds": time.process_time(),
            "system_seconds": os.times().system,
        }

    async def inspection(self, _: dict[str, Any]) -> dict[str, Any]:
        return self._flock.inspection()

    async def open_raw(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._raw[arguments["name"]] = await open_raw(self._stream)
        return {}

    async def reset_raw(self, arguments: dict[str, Any]) -> dict[str, Any]:
        reset(self._raw.pop(arguments["name"]))
        return {}


async def _answer(commands: Swarm, line: bytes) -> None:
    request = orjson.loads(line)
    command: Command = getattr(commands, request.pop("do"))
    identity = request.pop("id")
    try:
        answer = {"id": identity, "answer": await command(request)}
    except (OSError, TimeoutError) as error:  # of a server that refuses or hangs: the scenario's business
        answer = {"id": identity, "error": f"{type(error).__name__}: {error}"}
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    commands = Swarm()
    running: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(_answer(commands, line))
        running.add(task)
        task.add_done_callback(running.discard)


if __name__ == "__main__":
    gc.disable()  # nothing here makes rings, and a collection would show up as latency
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
