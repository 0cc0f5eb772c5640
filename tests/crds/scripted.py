"""An API server that says exactly what a test tells it to, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """A watch: lines, and how it goes on after them."""

    lines: Sequence[bytes | Event] = ()
    then: str = "end"
    """end: in good order; drop: the connection is cut; hang: nothing more comes; trickle: bytes come, no line ends;
    tick: a bookmark comes now and then."""


def incident(name: str, version: int, *, uid: str | None = None, **spec: Any) -> dict[str, Any]:
    """An Incident as a server sends it."""
    return {
        "apiVersion": "incidentsimulator.net/v1alpha1",
        "kind": "Incident",
        "metadata": {
            "name": name,
            "namespace": "drills",
            "uid": uid or f"uid-{name}",
            "resourceVersion": str(version),
            "managedFields": [{"manager": "somebody", "fieldsV1": {"f:spec": {}}}],
        },
        "spec": {"title": f"{name} at {version}", **spec},
    }


def listed(*items: dict[str, Any], version: int, token: str = "") -> Answer:
    metadata = {"resourceVersion": str(version)} | ({"continue": token} if token else {})
    return Answer(body={"items": list(items), "metadata": metadata})


def failed(code: int, reason: str, message: str = "because", **headers: str) -> Answer:
    return Answer(code, status_object(code, reason, message), headers)


def status_object(code: int, reason: str, message: str = "because") -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}


def event(type: str, obj: dict[str, Any]) -> Event:
    return {"type": type, "object": obj}


def bookmark(version: int) -> Event:
    return event("BOOKMARK", {"kind": "Incident", "metadata": {"resourceVersion": str(version)}})


class ScriptedServer:
    """Answers plain requests and watches from two queues. A watch with nothing left to say hangs."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.watches: deque[Stream | Answer] = deque()
        self.requests: list[web.Request] = []
        self.url = ""
        self.ticks = 0
        self._ending = asyncio.Event()

    @property
    def asked(self) -> list[str]:
        """What came, as `list`, `watch VERSION`, or the method."""
        return [_describe(request) for request in self.requests]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[ScriptedServer]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._ending.set()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if "watch" not in request.query:
            return _whole(self.answers.popleft())
        stream = self.watches.popleft() if self.watches else Stream(then="hang")
        if isinstance(stream, Answer):
            return _whole(stream)
        response = web.StreamResponse()
        await response.prepare(request)
        for line in stream.lines:
            await response.write(line if isinstance(line, bytes) else _line(line))
        if stream.then == "drop":
            assert request.transport is not None
            request.transport.abort()
        while stream.then in ("hang", "trickle", "tick") and not self._ending.is_set():
            if stream.then == "trickle":
                await response.write(b" ")
            if stream.then == "tick":
                self.ticks += 1
                await response.write(_line(bookmark(1000 + self.ticks)))
            await _wait(self._ending, 0.05)
        return response


def _describe(request: web.Request) -> str:
    if "watch" in request.query:
        return f"watch {request.query['resourceVersion']}"
    return "list" if request.method == "GET" else request.method


def _line(event: Event) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _whole(answer: Answer) -> web.Response:
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    return web.Response(status=answer.status, body=body, headers=dict(answer.headers))


async def _wait(flag: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await flag.wait()
    except TimeoutError:
        return
