"""The endpoint through which target systems are stopped and restarted, one URL for each."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from incident_local.errors import LocalError, PortTaken
from incident_local.ports import LOOPBACK
from incident_local.supervisor import Supervisor

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StopRequest(BaseModel):
    """Body of POST /stop."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[float, Field(gt=0, le=86400)]
    """After so long the system starts again by itself, whatever became of the caller."""
    tag: Annotated[str, Field(max_length=200)] = ""
    """Whose stop it is; GET tells it."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """A stop that somebody asked for, and the timer that ends it."""

    until: datetime
    tag: str
    timer: asyncio.Task[None]


class ControlEndpoint:
    """Serves on loopback with one bearer token. Use as a context."""

    def __init__(self, supervisor: Supervisor, *, port: int, token: str, warn: Callable[[str], None]) -> None:
        self._supervisor = supervisor
        self._port = port
        self._token = token
        self._warn = warn
        self._names: frozenset[str] = frozenset()
        self._stops: dict[str, _Stop] = {}
        application = web.Application(middlewares=[self._guard], client_max_size=4096)
        application.router.add_get("/systems/{name}", self._get)
        application.router.add_post("/systems/{name}/stop", self._stop)
        application.router.add_post("/systems/{name}/start", self._start)
        application.router.add_post("/systems/{name}/restart", self._restart)
        self._runner = web.AppRunner(application, access_log=None)

    def serve_systems(self, names: Iterable[str]) -> None:
        """Only these can be stopped: never the control plane or the operator."""
        self._names = frozenset(names)

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self._port}/systems/{name}"

    async def __aenter__(self) -> ControlEndpoint:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise PortTaken(
                f"Port {self._port} for control was taken meanwhile: {error.strerror}", remedy="start again"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        for stop in self._stops.values():
            stop.timer.cancel()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return _error(401, "Unauthorized", "this needs the control token of the laptop runtime")
        if request.match_info.get("name") not in self._names:
            return _error(404, "NotFound", f"there is no such system; there are {', '.join(sorted(self._names))}")
        try:
            return await handler(request)
        except (ValidationError, json.JSONDecodeError):
            return _error(400, "Invalid", 'the body must be {"seconds": N, "tag": TEXT} with N above 0 and up to 86400')
        except LocalError as error:
            return _error(503, "NotReady", error.what)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return self._state(request.match_info["name"])

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        name, wanted = request.match_info["name"], StopRequest.model_validate(await request.json())
        # The dead-man is set before the stop: there is no moment in which the system is down for good.
        self._arm(name, wanted)
        await self._supervisor.stop(name)
        return self._state(name)

    async def _start(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self._disarm(name)
        await self._supervisor.resume(name)
        return self._state(name)

    async def _restart(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self._disarm(name)
        await self._supervisor.restart(name)
        return self._state(name)

    def _state(self, name: str) -> web.Response:
        state, stop = self._supervisor.state(name), self._stops.get(name)
        return web.json_response(
            {
                "running": state.running,
                "pid": state.pid,
                "startedAt": state.started_at.isoformat(),
                "stoppedUntil": stop.until.isoformat() if stop else None,
                "stopTag": stop.tag if stop else "",
            }
        )

    def _arm(self, name: str, wanted: StopRequest) -> None:
        self._disarm(name)
        timer = asyncio.create_task(self._start_later(name, wanted.seconds), name=f"dead-man of {name}")
        self._stops[name] = _Stop(datetime.now(UTC) + timedelta(seconds=wanted.seconds), wanted.tag, timer)

    def _disarm(self, name: str) -> None:
        if stop := self._stops.pop(name, None):
            stop.timer.cancel()

    async def _start_later(self, name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._stops.pop(name, None)
        try:
            await self._supervisor.resume(name)
        except LocalError as error:
            self._warn(f"{name} was to start again after {seconds:g} s and did not: {error}")


def _error(status: int, error: str, message: str) -> web.Response:
    return web.json_response({"error": error, "message": message}, status=status)
