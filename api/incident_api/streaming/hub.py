"""Who follows the stream, and what each is owed: a shared log, a cursor each, and one batch for all who are level."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count

from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.board import Board
from incident_api.board.envelope import EventType, write_envelope, write_json
from incident_api.board.killswitch import KillSwitch
from incident_api.board.presence import Presence, describe_visitor
from incident_api.board.scope import Scope, Topic
from incident_api.board.sequence import Seq
from incident_api.problems import busy
from incident_api.streaming.codecs import Door, write_events, write_frames
from incident_api.streaming.follower import Follower
from incident_crds.base import format_time


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, in seconds. Only tests need other values."""

    window: float = 0.15
    """Changes within it are told at once; the first after a pause is told without a wait."""
    heartbeat: float = 15.0
    presence: float = 1.0
    """Changes of who is here are told no more often."""
    snapshot_age: float = 1.0
    """A snapshot that old may still be given out: what changed since follows it."""
    send: float = 20.0
    """Who does not read what was sent within it is dropped."""
    retry_lowest: float = 1.0
    retry_highest: float = 8.0
    """Clients come back after a random time between the two, so that not all do at once."""


class Hub:
    """Publishes the board's news in steps. It owns no connection: each pulls what it is owed, at its own speed."""

    def __init__(
        self,
        board: Board,
        presence: Presence,
        *,
        most_streams: int,
        pace: Pace | None = None,
    ) -> None:
        self._board = board
        self.presence = presence
        self.pace = pace or Pace()
        self._most_streams = most_streams
        self._news = asyncio.Event()
        self._turn = asyncio.Event()
        self._batches: dict[object, bytes] = {}
        self._snapshots: dict[tuple[Scope, Door], tuple[Seq, float, bytes]] = {}
        self._followers: set[Follower] = set()
        self._empty = asyncio.Event()
        self._notices = count(1)
        self._notice: tuple[int, dict[str, JsonValue]] = (0, {})
        self._kill_switch: tuple[int, dict[str, JsonValue]] = (0, {})
        self.heartbeats = 0
        self.presence_told = 0
        self.is_closing = False
        self.resyncs_total = 0
        self.dropped_total = 0

    def announce(self) -> None:
        """The board has news."""
        self._news.set()

    def refuse_unless_open(self) -> None:
        """Raises Problem where no stream can be begun now."""
        if self.is_closing or len(self._followers) >= self._most_streams:
            raise busy("too-many-streams", "this replica takes no more streams just now", 5)

    @property
    def followers(self) -> set[Follower]:
        """Everybody who follows."""
        return self._followers

    async def run(self) -> None:
        """Publish, pause, and keep time until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish())
            group.create_task(self._beat())
            group.create_task(self._tell_presence())

    async def _publish(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._board.has_news:
                self._board.publish(self.timestamp())
                self.wake()
            await asyncio.sleep(self.pace.window)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.pace.heartbeat)
            self.heartbeats += 1
            self.wake()

    async def _tell_presence(self) -> None:
        while True:
            await asyncio.sleep(self.pace.presence)
            if self.presence_told != self.presence.version:
                self.presence_told = self.presence.version
                self.wake()

    def wake(self) -> None:
        """Wake everybody; what is written in this turn is written once."""
        self._batches.clear()
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    def notify(self, code: str, message: str) -> None:
        """Tell everybody once; only the latest such notice reaches whoever is slow."""
        self._notice = (next(self._notices), {"code": code, "message": message})
        self.wake()

    def tell_kill_switch(self, state: KillSwitch) -> None:
        """Tell everybody at once, and whoever comes after."""
        self._kill_switch = (self.kill_switch_told + 1, state.model_dump(mode="json"))
        self.wake()

    @property
    def kill_switch_told(self) -> int:
        """How often its state was told; 0 while it is not known."""
        return self._kill_switch[0]

    def close(self) -> None:
        """Every stream says goodbye and ends."""
        self.is_closing = True
        self.wake()
        if not self._followers:
            self._empty.set()

    async def wait_empty(self, seconds: float) -> None:
        """Until the last stream has ended, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

    def timestamp(self) -> str:
        """Now, as messages carry it."""
        return format_time(datetime.now(UTC))

    @contextmanager
    def follow(self, viewer: Viewer, door: Door, resume: Seq | None) -> Iterator[Follower]:
        """One connection's place in the stream for the time of the context."""
        follower = Follower(self, viewer, door, resume)
        self._followers.add(follower)
        self._empty.clear()
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            self.presence.leave(follower.connection)
            if not self._followers:
                self._empty.set()

    def is_of(self, connection: str, viewer: Viewer) -> bool:
        """Whether the connection is the viewer's own."""
        return any(f.connection == connection and f.viewer.identity == viewer.identity for f in self._followers)

    @property
    def turn(self) -> asyncio.Event:
        """Set when there is something to look for; a new one each time."""
        return self._turn

    @property
    def notice(self) -> tuple[int, dict[str, JsonValue]]:
        """Number and content of the latest notice to everybody."""
        return self._notice

    @property
    def head(self) -> Seq:
        """The position of the last published change."""
        return self._board.head

    def changes(self, cursor: Seq, scope: Scope, door: Door) -> bytes | None:
        """What the scope may see of the changes after the cursor; None where it must begin anew."""
        return self._once(("changes", cursor, scope, door), partial(self._changes, cursor, scope, door))

    def _changes(self, cursor: Seq, scope: Scope, door: Door) -> bytes | None:
        entries = self._board.since(cursor, scope)
        if entries is None:
            return None
        if door is Door.EARLIER:
            shown = [e.card.body for e in entries if e.card.topic is Topic.INCIDENT and not e.is_gone]
            return write_frames(shown)
        return self.encode([entry.message for entry in entries], door)

    def _once(self, key: object, make: Callable[[], bytes | None]) -> bytes | None:
        if key in self._batches:
            return self._batches[key]
        made = make()
        if made is not None:
            self._batches[key] = made
        return made

    def snapshot(self, scope: Scope, door: Door) -> tuple[Seq, bytes]:
        """Everything the scope may see, and the position that it is of."""
        now = asyncio.get_running_loop().time()
        known = self._snapshots.get((scope, door))
        if known is not None and now - known[1] < self.pace.snapshot_age and self._board.covers(known[0]):
            return known[0], known[2]
        self._snapshots = {k: v for k, v in self._snapshots.items() if now - v[1] < self.pace.snapshot_age}
        if self._board.has_news:  # or what is in the snapshot already would be told again
            self._board.publish(self.timestamp())
            self.wake()
        head = self._board.head
        parts = [] if door is Door.EARLIER else self._board.snapshot(scope, self.timestamp())
        payload = write_events(parts, None) if door is Door.EVENTS else write_frames(parts)
        self._snapshots[scope, door] = (head, now, payload)
        return head, payload

    def encode(self, messages: list[bytes], door: Door) -> bytes:
        """As the door's clients read them."""
        return write_events(messages, str(self.head)) if door is Door.EVENTS else write_frames(messages)

    def message(self, type: EventType, data: dict[str, JsonValue]) -> bytes:
        """A message that is no change: it has the position of the last one."""
        return write_envelope(type, str(self.head), self.timestamp(), write_json(data))

    def presence_payload(self, scope: Scope, door: Door) -> bytes:
        """Who is here, as far as the scope may see."""
        made = self._once(("presence", self.presence.version, scope, door), partial(self._presence, scope, door))
        return made or b""

    def _presence(self, scope: Scope, door: Door) -> bytes:
        visitors, total = self.presence.visitors(), len(self.presence)
        if door is Door.EARLIER:
            users: list[JsonValue] = [visitor.name or visitor.animal for visitor in visitors]
            return write_frames([write_json({"type": "user_list_update", "users": users, "count": total})])
        shown: list[JsonValue] = [describe_visitor(visitor, scope) for visitor in visitors]
        return self.encode([self.message(EventType.PRESENCE, {"count": total, "users": shown})], door)

    def kill_switch_payload(self, door: Door) -> bytes:
        """Its state as of now; nothing while it is not known, and for clients that know of none."""
        number, state = self._kill_switch
        if not number or door is Door.EARLIER:
            return b""
        make = partial(self._encode_one, EventType.KILL_SWITCH, state, door)
        return self._once(("kill switch", number, self.head, door), make) or b""

    def _encode_one(self, type: EventType, data: dict[str, JsonValue], door: Door) -> bytes:
        return self.encode([self.message(type, data)], door)

    def retry_milliseconds(self) -> int:
        """When a client should come back, at random."""
        low, high = self.pace.retry_lowest, self.pace.retry_highest
        return int(1000 * (low + (high - low) * secrets.randbelow(1000) / 1000))
