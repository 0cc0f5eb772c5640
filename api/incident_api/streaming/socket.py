"""GET /api/v1/ws: the stream over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from incident_api.access.finder import Finder
from incident_api.access.gate import TOKEN_PROTOCOL, Viewer
from incident_api.board.scope import Topic
from incident_api.board.sequence import Seq
from incident_api.problems import Problem, problem_of
from incident_api.streaming.codecs import Door
from incident_api.streaming.follower import Follower, StreamEnded
from incident_api.streaming.hub import Hub
from incident_api.streaming.protocol import ABORT, SEND_FRAMES
from incident_crds.errors import ApiError

PROTOCOL = "incidentsim.v1"
LONGEST_MESSAGE = 4096
"""Bytes that a client may send at once; more closes the connection with 1009."""
MESSAGES_A_SECOND = 10.0
MOST_AT_ONCE = 40
NORMAL, UNSUPPORTED, BAD_PAYLOAD, POLICY, RESTART, TRY_LATER, SIGNED_OUT = 1000, 1003, 1007, 1008, 1012, 1013, 4401

log = structlog.get_logger(__name__)


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Viewing(_Message):
    """What the visitor looks at; null for nothing."""

    type: Literal["viewing"]
    incident: Annotated[str | None, Field(max_length=253)] = None


class Heartbeat(_Message):
    """The client is there."""

    type: Literal["heartbeat"]


class UserJoin(BaseModel):
    """How a client of the earlier simulator says hello."""

    type: Literal["user_join"]
    name: Annotated[str, Field(max_length=256)] = ""


_OURS: TypeAdapter[Viewing | Heartbeat] = TypeAdapter(Annotated[Viewing | Heartbeat, Field(discriminator="type")])
_EARLIER = TypeAdapter(UserJoin)


class Closed(Exception):
    """The connection has to be closed, with the code and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """The ASGI application of one path; it serves each connection until either side ends it."""

    def __init__(self, hub: Hub, admit: Callable[[HTTPConnection], Awaitable[Viewer]], finder: Finder) -> None:
        self._hub = hub
        self._admit = admit
        self._finder = finder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        await receive()  # websocket.connect
        try:
            self._hub.refuse_unless_open()
            protocol = _choose_protocol(scope["subprotocols"])
            viewer = await self._admit(connection)
        except Problem as problem:
            await _refuse(send, problem)
            return
        except ApiError as error:
            await _refuse(send, problem_of(error))
            return
        door = Door.EARLIER if protocol != PROTOCOL else Door.SOCKET
        resume = Seq.parse(connection.query_params.get("seq", ""))
        await send({"type": "websocket.accept", "subprotocol": protocol})
        with self._hub.follow(viewer, door, resume) as follower:
            await self._serve(follower, receive, _Writer(send, self._hub.pace.send))

    async def _serve(self, follower: Follower, receive: Receive, writer: _Writer) -> None:
        """Until one of reading and writing ends; the other ends with it."""
        reading = asyncio.create_task(self._read(follower, receive))
        writing = asyncio.create_task(self._write(follower, writer))
        done, rest = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for task in done:
            error = task.exception()
            if isinstance(error, Closed):
                await writer.close(error)
            elif isinstance(error, TimeoutError):
                self._hub.dropped_total += 1
                log.info("a board that does not read is dropped", user=follower.viewer.identity.user)
                await writer.abort()
            elif error is not None and not isinstance(error, OSError):
                log.error("a stream failed", exc_info=error)
                await writer.abort()

    async def _write(self, follower: Follower, writer: _Writer) -> None:
        try:
            async with aclosing(follower.deliveries()) as deliveries:
                async for payload in deliveries:
                    await writer.write(payload)
        except StreamEnded as end:
            if str(end) == "token":
                raise Closed(SIGNED_OUT, "the token is no longer accepted: sign in again") from None
            await writer.write(follower.farewell("shutdown", "this replica ends; another takes over"))
            raise Closed(RESTART, "this replica ends: connect again") from None

    async def _read(self, follower: Follower, receive: Receive) -> None:
        allowance = _Allowance()
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if not allowance.take():
                raise Closed(POLICY, f"more than {MESSAGES_A_SECOND:g} messages a second")
            text = event.get("text")
            if text is None:
                raise Closed(UNSUPPORTED, "messages are text")
            if follower.door is Door.EARLIER:
                self._take_earlier(follower, text)
            else:
                self._take(follower, text)

    def _take(self, follower: Follower, text: str) -> None:
        try:
            message = _OURS.validate_json(text)
        except ValidationError as error:
            raise Closed(BAD_PAYLOAD, "a message is {type: viewing, incident} or {type: heartbeat}") from error
        if isinstance(message, Viewing):
            viewing = None
            if message.incident is not None:
                card = self._finder.find_or_none(Topic.INCIDENT, message.incident, follower.viewer.scope)
                viewing = (card.namespace, card.id, card.number) if card else None
            self._hub.presence.view(follower.connection, viewing)

    def _take_earlier(self, follower: Follower, text: str) -> None:
        """What the earlier simulator's clients send besides is not for us."""
        try:
            json.loads(text)
        except ValueError as error:
            raise Closed(BAD_PAYLOAD, "a message is JSON") from error
        try:
            self._hub.presence.name(follower.connection, _EARLIER.validate_json(text).name)
        except ValidationError:
            return


class _Allowance:
    """So many messages at once, then so many a second."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._left = float(MOST_AT_ONCE)
        self._seen = self._clock()

    def take(self) -> bool:
        now = self._clock()
        self._left = min(MOST_AT_ONCE, self._left + (now - self._seen) * MESSAGES_A_SECOND) - 1
        self._seen = now
        return self._left >= 0


class _Writer:
    """Sends whole frames, which FrameProtocol takes."""

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds

    async def write(self, frames: bytes) -> None:
        """Raises TimeoutError when the client does not read in time."""
        if frames:
            await self._send({"type": SEND_FRAMES, "frames": frames, "seconds": self._seconds})

    async def close(self, closed: Closed) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})
        except TimeoutError:
            await self.abort()
        except OSError:  # it is gone already
            return

    async def abort(self) -> None:
        await self._send({"type": ABORT})


def _choose_protocol(offered: list[str]) -> str | None:
    """Ours where it is offered, none where none is. Raises Problem for others: a later version must not be taken for
    the earlier simulator's."""
    if PROTOCOL in offered:
        return PROTOCOL
    if any(not protocol.startswith(TOKEN_PROTOCOL) for protocol in offered):
        raise Problem("unknown-protocol", f"this API speaks the subprotocol {PROTOCOL}")
    return None


async def _refuse(send: Send, problem: Problem) -> None:
    """An HTTP answer in place of the handshake."""
    response = problem.to_response()
    await send(
        {"type": "websocket.http.response.start", "status": response.status_code, "headers": response.raw_headers}
    )
    await send({"type": "websocket.http.response.body", "body": response.body})
