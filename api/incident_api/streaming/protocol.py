"""uvicorn's WebSocket protocol with two more messages, so that one write serves a whole batch of messages."""

from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

SEND_FRAMES = "incidentsim.frames.send"
"""ASGI message {type, frames, seconds}: whole frames, ready to be written. Raises TimeoutError where the client has not
read enough of what was sent before within so many seconds."""
ABORT = "incidentsim.abort"
"""ASGI message {type}: end the connection at once, without waiting for the client to read the rest."""


class FrameProtocol(WebSocketsSansIOProtocol):
    """Says in the scope's extensions that it takes the messages above."""

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # not for a handshake that was refused
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), SEND_FRAMES: {}, ABORT: {}}

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
