"""One connection's place in the stream: what it was told already, and so what it is owed."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.envelope import EventType
from incident_api.board.sequence import Seq
from incident_api.streaming.codecs import Door

if TYPE_CHECKING:
    from incident_api.streaming.hub import Hub


class StreamEnded(Exception):
    """Why a stream is over: `shutdown`, or `token`."""


class Follower:
    """One connection's place in the stream: what it was told already, and so what it is owed."""

    def __init__(self, hub: Hub, viewer: Viewer, door: Door, resume: Seq | None) -> None:
        self._hub = hub
        self.viewer = viewer
        self.door = door
        self.connection = secrets.token_hex(8)
        self.visitor = hub.presence.join(self.connection)
        self._cursor: Seq | None = resume
        self._heartbeat = hub.heartbeats
        self._presence = -1
        self._notice = hub.notice[0]
        self._kill_switch = 0
        self._is_synced = False
        self.is_revoked = False

    def renew(self, viewer: Viewer | None) -> None:
        """What may be seen has changed, or the token ended."""
        if viewer is None:
            self.is_revoked = True
        elif viewer.scope != self.viewer.scope:
            self._cursor = None
            self._is_synced = False
        if viewer is not None:
            self.viewer = viewer

    async def deliveries(self) -> AsyncGenerator[bytes, None]:
        """What to send, as it comes, until the stream ends. Raises StreamEnded, which says why.

        What is the same for many is given as it is: a copy of a snapshot for each would take much memory.
        """
        while True:
            if self.is_revoked:
                raise StreamEnded("token")
            if self._hub.is_closing:
                raise StreamEnded("shutdown")
            turn = self._hub.turn
            payloads = self._owed()
            for payload in payloads:
                yield payload
            if not payloads:
                await turn.wait()

    def _owed(self) -> list[bytes]:
        parts = self._news()
        if not self._is_synced or self._kill_switch != self._hub.kill_switch_told:
            self._kill_switch = self._hub.kill_switch_told
            parts.append(self._hub.kill_switch_payload(self.door))
        if not self._is_synced:
            self._is_synced = True
            parts.append(self._synced())
        number, notice = self._hub.notice
        if number != self._notice:
            self._notice = number
            parts.append(self._say(notice))
        if self._presence != self._hub.presence_told:
            self._presence = self._hub.presence_told
            parts.append(self._hub.presence_payload(self.viewer.scope, self.door))
        if self._heartbeat != self._hub.heartbeats:
            self._heartbeat = self._hub.heartbeats
            parts.append(self._say({"code": "heartbeat", "message": ""}))
        return [part for part in parts if part]

    def _news(self) -> list[bytes]:
        head = self._hub.head
        if self._cursor is not None and self._cursor == head:
            return []
        if self._cursor is not None:
            changes = self._hub.changes(self._cursor, self.viewer.scope, self.door)
            if changes is not None:
                self._cursor = head
                return [changes]
            self._hub.resyncs_total += 1
            self._is_synced = False
        self._cursor, payload = self._hub.snapshot(self.viewer.scope, self.door)
        return [payload, *self._news()]

    def _synced(self) -> bytes:
        return self._say(
            {
                "code": "synced",
                "message": "everything that may be seen was told; changes follow",
                "connection": self.connection,
                "animal": self.visitor.animal,
                "color": self.visitor.color,
                "user": self.viewer.identity.user,
                "retry_ms": self._hub.retry_milliseconds(),
                "heartbeat_seconds": int(self._hub.pace.heartbeat),
            }
        )

    def farewell(self, code: str, message: str) -> bytes:
        """The last message: why it ends, and when to come back."""
        return self._say({"code": code, "message": message, "retry_ms": self._hub.retry_milliseconds()})

    def _say(self, notice: dict[str, JsonValue]) -> bytes:
        if self.door is Door.EARLIER:
            return b""
        return self._hub.encode([self._hub.message(EventType.NOTICE, notice)], self.door)
