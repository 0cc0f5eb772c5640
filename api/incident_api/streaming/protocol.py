"""uvicorn's WebSocket protocol with two more messages, so that one write serves a whole batch of messages."""

from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SEND_FRAMES = "incidentsim.frames.send"
"""ASGI message {type, frames, seconds}: whole frames, ready to be written. Raises TimeoutError where the client has not
read enough of what was sent before within so many seconds."""
LINGER_SECONDS = 2.0
"""How long a client that was told to go may take."""
ABORT = "incidentsim.abort"
"""ASGI message {type}: end the connection at once, without waiting for the client to read the rest."""


class FrameProtocol(WebSocketsSansIOProtocol):
    """Takes the messages above besides those of ASGI."""

    @override
    def handle_parser_exception(self) -> None:
        """Says why, then reads on without looking: closing with input unread would take the reason away again."""
        if self.close_sent:
            return
        assert self.conn.close_sent is not None  # noqa: S101 - so the library promises
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    @override
    async def send(self, message: Any) -> None:
        match message["type"]:
            case "incidentsim.frames.send":
                if not self.writable.is_set():  # else no timer is needed: there are many boards, and they are quick
                    async with asyncio.timeout(message["seconds"]):
                        await self.writable.wait()
                if self.disconnected or self.close_sent or self.transport.is_closing():
                    raise ClientDisconnected
                self.transport.write(message["frames"])
            case "incidentsim.abort":
                self.transport.abort()
            case _:
                await super().send(message)
