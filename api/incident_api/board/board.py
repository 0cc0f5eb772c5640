"""The board's state: every card, and the order in which they changed. One writer, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from incident_api.board.cards import Card
from incident_api.board.envelope import DELETE, UPSERT, EventType, write_envelope
from incident_api.board.scope import Scope, Topic
from incident_api.board.sequence import Seq

WINDOW = 10_000
"""Changes that can be told again; who missed more gets everything anew."""
PART_BYTES = 400_000
"""About the size of one part of a snapshot: clients have limits for one message."""
_SECTIONS = ((Topic.INCIDENT, b"incidents"), (Topic.PLAN, b"plans"), (Topic.EXPERIMENT, b"experiments"),
             (Topic.SYSTEM, b"systems"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered change: a card that came or changed, or one that went."""

    number: int
    card: Card
    is_gone: bool
    message: bytes = field(repr=False)
    """The envelope, the same for everybody."""


class Board:
    """Changes wait until `publish` numbers them; of several to one object only the last is told."""

    def __init__(self, epoch: str, *, window: int = WINDOW) -> None:
        self._epoch = epoch
        self._cards: dict[Topic, dict[str, Card]] = {topic: {} for topic in Topic}
        self._pending: dict[tuple[Topic, str], tuple[Card, bool]] = {}
        self._log: deque[Entry] = deque(maxlen=window)
        self._latest: dict[tuple[Topic, str], int] = {}
        self._head = Seq(epoch, 0)
        self._revisions = dict.fromkeys(Topic, 0)

    @property
    def head(self) -> Seq:
        """The position of the last published change."""
        return self._head

    @property
    def has_news(self) -> bool:
        """Something changed since the last `publish`."""
        return bool(self._pending)

    def cards(self, topic: Topic) -> Iterable[Card]:
        """Every card of the topic, published or not: lists are as fresh as the watch."""
        return self._cards[topic].values()

    def card(self, topic: Topic, id: str) -> Card | None:
        """The card of that uid."""
        return self._cards[topic].get(id)

    def revision(self, topic: Topic) -> int:
        """Grows with every change of a card of the topic, published or not."""
        return self._revisions[topic]

    def put(self, card: Card) -> None:
        """A card that came or changed."""
        self._revisions[card.topic] += 1
        self._cards[card.topic][card.id] = card
        self._pending[card.key] = (card, False)

    def remove(self, topic: Topic, id: str) -> None:
        """An object that went."""
        card = self._cards[topic].pop(id, None)
        if card is not None:
            self._revisions[topic] += 1
            self._pending[card.key] = (card, True)

    def publish(self, ts: str) -> None:
        """Number what waits, and write its messages. `ts` is the time as RFC 3339."""
        for key, (card, is_gone) in self._pending.items():
            self._head = head = Seq(self._epoch, self._head.number + 1)
            kind = (DELETE if is_gone else UPSERT)[card.topic]
            message = write_envelope(kind, str(head), ts, card.gone if is_gone else card.body)
            if len(self._log) == self._log.maxlen:
                self._forget(self._log[0])
            self._log.append(Entry(head.number, card, is_gone, message))
            self._latest[key] = head.number
        self._pending.clear()

    def _forget(self, entry: Entry) -> None:
        if self._latest.get(entry.card.key) == entry.number:
            del self._latest[entry.card.key]

    def covers(self, seq: Seq) -> bool:
        """Whether what changed after that position can still be told."""
        newest = self._head.number
        return seq.epoch == self._epoch and newest - len(self._log) <= seq.number <= newest

    def since(self, seq: Seq, scope: Scope) -> list[Entry] | None:
        """What changed after that position, each object once as it is now; None where that cannot be told any more."""
        if not self.covers(seq):
            return None
        found: list[Entry] = []
        for entry in reversed(self._log):
            if entry.number <= seq.number:
                break
            card = entry.card
            if self._latest[card.key] == entry.number and scope.sees(card.topic, card.namespace):
                found.append(entry)
        found.reverse()
        return found

    def snapshot(self, scope: Scope, ts: str) -> list[bytes]:
        """Everything that may be seen as of `head`, as one envelope a part. Newest incidents come first."""
        parts = list(_parts(self._sections(scope)))
        seq, count = str(self.head), len(parts)
        return [
            write_envelope(EventType.SNAPSHOT, seq, ts, b'{"part":%d,"parts":%d,%b}' % (number, count, part))
            for number, part in enumerate(parts, start=1)
        ]

    def _sections(self, scope: Scope) -> Iterable[tuple[bytes, list[bytes]]]:
        for topic, name in _SECTIONS:
            seen = [card for card in self._cards[topic].values() if scope.sees(topic, card.namespace)]
            seen.sort(key=lambda card: (card.created_at, card.id), reverse=True)
            yield name, [card.body for card in seen]


def _parts(sections: Iterable[tuple[bytes, list[bytes]]]) -> Iterable[bytes]:
    """The members of each part's object. Every part has every section, most of them empty."""
    chunk: dict[bytes, list[bytes]] = {}
    size = 0
    for name, bodies in sections:
        chunk.setdefault(name, [])
        for body in bodies:
            if size and size + len(body) > PART_BYTES:
                yield _members(chunk)
                chunk, size = {name: []}, 0
            chunk[name].append(body)
            size += len(body)
    yield _members(chunk)


def _members(chunk: dict[bytes, list[bytes]]) -> bytes:
    return b",".join(b'"%b":[%b]' % (name, b",".join(chunk.get(name, []))) for _, name in _SECTIONS)
