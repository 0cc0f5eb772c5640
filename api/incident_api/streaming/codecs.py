"""How messages are written for each kind of client. Each batch is encoded once for all who are owed the same."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import Enum

_TEXT_FRAME = 0x81
"""A whole text message in one frame (RFC 6455, section 5.2). Servers do not mask frames, so they can be shared."""


class Door(Enum):
    """What a client speaks."""

    SOCKET = "socket"
    """A WebSocket with the subprotocol incidentsim.v1."""
    EVENTS = "events"
    """Server-sent events."""
    EARLIER = "earlier"
    """A WebSocket of the earlier simulator."""


def write_frames(messages: Sequence[bytes]) -> bytes:
    """One WebSocket text message each."""
    return b"".join(part for message in messages for part in (_frame_header(len(message)), message))


def _frame_header(length: int) -> bytes:
    if length < 126:
        return bytes((_TEXT_FRAME, length))
    if length < 1 << 16:
        return struct.pack("!BBH", _TEXT_FRAME, 126, length)
    return struct.pack("!BBQ", _TEXT_FRAME, 127, length)


def write_events(messages: Sequence[bytes], last_id: str | None) -> bytes:
    """One event each; the last carries the id that a client resumes from. JSON has no line breaks."""
    if not messages:
        return b""
    events = b"".join(b"data: %b\n\n" % message for message in messages[:-1])
    identified = b"id: %b\n" % last_id.encode() if last_id else b""
    return b"%b%bdata: %b\n\n" % (events, identified, messages[-1])
