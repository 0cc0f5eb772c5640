"""Clients that behave badly: one that never reads, and one that resets its connection."""

from __future__ import annotations

import asyncio
import socket
import struct

from benchmarks.swarm.board import Stream
from benchmarks.websocket import is_accepted, opening_request

_SMALL_BUFFER = 4096
"""Bytes asked of the kernel for what was received and not read, so that the server notices soon."""
_SECONDS = 10.0


async def open_raw(stream: Stream) -> socket.socket:
    """A WebSocket of which nothing is read after the opening. Raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    raw.setblocking(False)
    try:
        async with asyncio.timeout(_SECONDS):
            await loop.sock_connect(raw, (stream.host, stream.port))
            host = f"{stream.host}:{stream.port}"
            request = opening_request(host, stream.path, stream.headers, stream.subprotocol)
            await loop.sock_sendall(raw, request)
            answer = await loop.sock_recv(raw, _SMALL_BUFFER)
        if not is_accepted(answer):
            raise ConnectionError("the server refused the WebSocket")
    except BaseException:
        raw.close()
        raise
    return raw


def reset(raw: socket.socket) -> None:
    """Close it so that the server gets a TCP reset instead of a goodbye."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()
