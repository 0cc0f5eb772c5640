"""A plain HTTP client of the API, and plain clients of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

PREFIX = "/api/v1"
PROTOCOL = "incidentsim.v1"


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a plain connection, whatever the other side did to it."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        document = self.json
        assert document["status"] == self.status
        return str(document["code"])


class Door:
    """Requests with one token, or with none."""

    def __init__(self, url: str, token: str = "", *, cookies: bool = False) -> None:
        self.url = url
        self.token = token
        jar: aiohttp.abc.AbstractCookieJar = aiohttp.CookieJar(unsafe=True) if cookies else aiohttp.DummyCookieJar()
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._session = aiohttp.ClientSession(headers=headers, cookie_jar=jar, auto_decompress=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A path that begins with / is below the prefix, one that begins with // at the root."""
        full = path[1:] if path.startswith("//") else f"{PREFIX}{path}"
        body = data if json is None else orjson.dumps(json)
        more = {"Content-Type": "application/json"} if body is not None else {}
        async with asyncio.timeout(60):
            async with self._session.request(
                method, f"{self.url}{full}", data=body, headers={**more, **(headers or {})}, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **given: Any) -> Answer:
        return await self.send("GET", path, **given)

    async def post(self, path: str, json: Any = None, **given: Any) -> Answer:
        return await self.send("POST", path, json, **given)

    async def patch(self, path: str, json: Any = None, **given: Any) -> Answer:
        return await self.send("PATCH", path, json, **given)

    async def delete(self, path: str, **given: Any) -> Answer:
        return await self.send("DELETE", path, **given)

    async def report(self, **fields: Any) -> dict[str, Any]:
        """A new incident for practice."""
        answer = await self.post("/incidents", {"message": "practice", "incident_type": "training", **fields})
        assert answer.status == 201, answer.json
        made: dict[str, Any] = answer.json
        return made

    async def stream(self, query: str = "", *, protocols: tuple[str, ...] = (PROTOCOL,), **headers: str) -> Stream:
        """A WebSocket to the stream."""
        socket = await self._session.ws_connect(
            f"{self.url}{PREFIX}/ws{query}", protocols=protocols, headers=headers, max_msg_size=0, autoping=True
        )
        return Stream(socket)

    async def events(self, **headers: str) -> Events:
        """The stream as server-sent events."""
        timeout = aiohttp.ClientTimeout(total=None)
        response = await self._session.get(f"{self.url}{PREFIX}/events", headers=headers, timeout=timeout)
        assert response.status == 200, await response.read()
        return Events(response)


class Stream:
    """The client's end of a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.socket.receive(), 20)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = orjson.loads(message.data)
        return found

    async def until(self, type: str, **data: Any) -> dict[str, Any]:
        """The first message of the type with that data."""
        while True:
            found = await self.next()
            if found["type"] == type and all(found["data"].get(name) == value for name, value in data.items()):
                return found

    async def close_code(self) -> int:
        """The code with which the server closes; what comes before is passed over."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), 20)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
                return self.socket.close_code or 0

    async def close(self) -> None:
        await self.socket.close()


class Events:
    """The client's end of server-sent events, as a browser reads them."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.retry = 0
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """The next event's data. Raises EOFError at the end."""
        while True:
            data = b""
            while line := (await asyncio.wait_for(self.response.content.readline(), 20)).rstrip(b"\n"):
                name, _, value = line.partition(b": ")
                match name:
                    case b"data":
                        data += value
                    case b"id":
                        self.last_id = value.decode()
                    case b"retry":
                        self.retry = int(value)
            if data:
                found: dict[str, Any] = orjson.loads(data)
                return found
            if self.response.content.at_eof():
                raise EOFError

    async def until(self, type: str, **data: Any) -> dict[str, Any]:
        while True:
            found = await self.next()
            if found["type"] == type and all(found["data"].get(name) == value for name, value in data.items()):
                return found

    def close(self) -> None:
        self.response.close()
