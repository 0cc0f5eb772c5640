"""GET /api/v1/events: the stream as server-sent events, for what cannot speak WebSocket."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from incident_api.access.gate import Viewer
from incident_api.board.sequence import Seq
from incident_api.streaming.codecs import Door
from incident_api.streaming.follower import Follower, StreamEnded
from incident_api.streaming.hub import Hub

HEADERS = {
    "Cache-Control": "no-cache, no-store",
    "X-Accel-Buffering": "no",  # proxies would hold back what is small
}
MEDIA_TYPE = "text/event-stream"


class EventStream(Response):
    """Sends what the follower is owed until either side ends it. No generator of Starlette's, no task group."""

    def __init__(self, hub: Hub, viewer: Viewer, resume: str) -> None:
        hub.refuse_unless_open()
        super().__init__(media_type=MEDIA_TYPE, headers=HEADERS)
        self._hub = hub
        self._viewer = viewer
        self._resume = Seq.parse(resume)
        del self.headers["content-length"]

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.follow(self._viewer, Door.EVENTS, self._resume) as follower:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            writing = asyncio.create_task(self._write(follower, send))
            leaving = asyncio.create_task(_until_left(receive))
            _, rest = await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, follower: Follower, send: Send) -> None:
        try:
            retry = b"retry: %d\n\n" % self._hub.retry_milliseconds()
            await self._send(send, retry)
            async with aclosing(follower.deliveries()) as deliveries:
                async for payload in deliveries:
                    await self._send(send, payload)
        except StreamEnded as end:
            code = "signed-out" if str(end) == "token" else "shutdown"
            await self._send(send, follower.farewell(code, "the stream ends"))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._hub.dropped_total += 1

    async def _send(self, send: Send, payload: bytes) -> None:
        async with asyncio.timeout(self._hub.pace.send):
            await send({"type": "http.response.body", "body": payload, "more_body": True})


async def _until_left(receive: Receive) -> None:
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
