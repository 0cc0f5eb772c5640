"""The board's order of changes: whoever follows it, with any gaps, ends with what a list shows."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_api.board.board import PART_BYTES, Board
from incident_api.board.cards import incident_card
from incident_api.board.scope import EVERYTHING, Scope, Topic
from incident_api.board.sequence import Seq
from incident_crds.incident import JoinedSystem, Relation

from .factories import START, card, incident

TS = "2026-01-01T00:00:00.000000Z"


def read(message: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(message)
    return found


def told(board: Board, seq: Seq, scope: Scope = EVERYTHING) -> list[tuple[str, str]]:
    """(type, id) of each change after the position."""
    entries = board.since(seq, scope)
    assert entries is not None
    messages = [read(entry.message) for entry in entries]
    return [(message["type"], message["data"]["id"]) for message in messages]


def test_a_card_names_the_systems_that_joined_its_incident() -> None:
    about = incident(1, systems=("redis-test",))
    about.status.joined = [JoinedSystem(system="postgres-test", relation=Relation.CONSEQUENCE, at=START)]
    assert incident_card(about).facets.systems == ("redis-test", "postgres-test")


def test_changes_before_they_are_published_are_told_once_and_as_they_are_last() -> None:
    board = Board("e")
    before = board.head
    for version in (1, 2, 3):
        board.put(card(1, version=version, title=f"version {version}"))
    assert board.since(before, EVERYTHING) == []
    board.publish(TS)
    entries = board.since(before, EVERYTHING)
    assert entries is not None
    (entry,) = entries
    assert read(entry.message)["data"]["message"] == "version 3"
    assert read(entry.message) | {"data": None} == {
        "v": 1,
        "seq": "e:1",
        "type": "incident.upsert",
        "ts": TS,
        "data": None,
    }


def test_an_object_that_came_and_went_unseen_is_told_as_gone() -> None:
    board = Board("e")
    board.put(card(1))
    board.remove(Topic.INCIDENT, "uid-1")
    board.publish(TS)
    assert told(board, Seq("e", 0)) == [("incident.delete", "uid-1")]


def test_who_comes_back_is_told_each_object_once() -> None:
    board = Board("e")
    for title in ("first", "second", "third"):
        board.put(card(1, title=title))
        board.put(card(2, title=title))
        board.publish(TS)
    assert told(board, Seq("e", 1)) == [("incident.upsert", "uid-1"), ("incident.upsert", "uid-2")]
    assert told(board, board.head) == []


@pytest.mark.parametrize(
    ("seq", "why"),
    [
        (Seq("other", 3), "of another process"),
        (Seq("e", 99), "ahead of this process"),
        (Seq("e", 1), "older than the window"),
    ],
)
def test_a_position_that_cannot_be_resumed_from(seq: Seq, why: str) -> None:
    board = Board("e", window=2)
    for number in range(1, 5):
        board.put(card(number))
        board.publish(TS)
    assert board.since(seq, EVERYTHING) is None, why
    assert told(board, Seq("e", 2)) == [("incident.upsert", "uid-3"), ("incident.upsert", "uid-4")]


def test_what_may_not_be_seen_is_neither_in_changes_nor_in_snapshots() -> None:
    board = Board("e")
    board.put(card(1, namespace="ours"))
    board.put(card(2, namespace="theirs"))
    board.publish(TS)
    ours = Scope(inside=frozenset({(Topic.INCIDENT, "ours")}))
    assert told(board, Seq("e", 0), ours) == [("incident.upsert", "uid-1")]
    (part,) = board.snapshot(ours, TS)
    assert [i["id"] for i in read(part)["data"]["incidents"]] == ["uid-1"]
    (nothing,) = board.snapshot(Scope(), TS)
    assert read(nothing)["data"] == {
        "part": 1, "parts": 1, "incidents": [], "plans": [], "experiments": [], "systems": [],
    }  # fmt: skip


def test_a_large_snapshot_comes_in_parts_that_clients_can_take() -> None:
    board = Board("e")
    for number in range(1, 1001):
        board.put(card(number))
    board.publish(TS)
    parts = board.snapshot(EVERYTHING, TS)
    assert len(parts) > 1
    assert all(len(part) < 2 * PART_BYTES for part in parts)
    messages = [read(part) for part in parts]
    assert [m["data"]["part"] for m in messages] == list(range(1, len(parts) + 1))
    assert {m["data"]["parts"] for m in messages} == {len(parts)}
    numbers = [i["number"] for m in messages for i in m["data"]["incidents"]]
    assert numbers == [f"INC-{number:04d}" for number in range(1000, 0, -1)]


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "remove", "publish", "read", "reconnect"]), st.integers(1, 6)), max_size=60
)


@given(steps=STEPS, window=st.integers(1, 8))
def test_a_follower_with_any_gaps_ends_with_what_is_there(steps: list[Step], window: int) -> None:
    board = Board("e", window=window)
    follower = _Follower(board)
    for version, (action, number) in enumerate(steps, start=1):
        if action == "put":
            board.put(card(number, version=version, title=f"version {version}"))
        elif action == "remove":
            board.remove(Topic.INCIDENT, f"uid-{number}")
        elif action == "publish":
            board.publish(TS)
        elif action == "read":
            follower.read()
        else:
            follower = _Follower(board, follower)
    board.publish(TS)
    follower.read()
    assert follower.objects == {c.id: orjson.loads(c.body) for c in board.cards(Topic.INCIDENT)}


class _Follower:
    """A client's reducer: upserts, deletions, and snapshots that replace everything."""

    def __init__(self, board: Board, before: _Follower | None = None) -> None:
        self.board = board
        self.seq: Seq | None = before.seq if before else None
        self.objects: dict[str, Any] = dict(before.objects) if before else {}

    def read(self) -> None:
        entries = None if self.seq is None else self.board.since(self.seq, EVERYTHING)
        if entries is None:
            self.objects = {}
            for part in self.board.snapshot(EVERYTHING, TS):
                self.objects |= {found["id"]: found for found in read(part)["data"]["incidents"]}
        else:
            for entry in entries:
                message = read(entry.message)
                if message["type"] == "incident.delete":
                    self.objects.pop(message["data"]["id"], None)
                else:
                    self.objects[message["data"]["id"]] = message["data"]
        self.seq = self.board.head


@pytest.mark.parametrize("text", ["", "e", "e:", ":1", "E:1", "e:-1", "e:1:2", "e:" + "9" * 19, "é:1", "e:\u0661"])
def test_what_is_no_position(text: str) -> None:
    assert Seq.parse(text) is None


def test_a_position_is_read_as_it_is_written() -> None:
    assert Seq.parse(f" {Seq('0af3', 17)} ") == Seq("0af3", 17)
