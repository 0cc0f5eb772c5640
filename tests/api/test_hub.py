"""The stream's engine, without a network: what each follower is owed, however slow it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import orjson
import pytest
import pytest_asyncio

from incident_api.access.gate import Via, Viewer
from incident_api.board.board import Board
from incident_api.board.presence import Presence
from incident_api.board.scope import EVERYTHING, Scope, Topic
from incident_api.board.sequence import Seq
from incident_api.cluster.reviews import Identity
from incident_api.problems import Problem
from incident_api.streaming.codecs import Door
from incident_api.streaming.follower import Follower, StreamEnded
from incident_api.streaming.hub import Hub, Pace

from .factories import card

PACE = Pace(window=0.01, heartbeat=3600, presence=3600, snapshot_age=0)
OURS = Scope(inside=frozenset({(Topic.INCIDENT, "drills")}))


def viewer(scope: Scope = EVERYTHING) -> Viewer:
    return Viewer(Identity("sre"), "token", Via.BEARER, scope)


class Client:
    """Reads events of one follower as a client would."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._deliveries = follower.deliveries()
        self._left: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        while not self._left:
            payload = await asyncio.wait_for(anext(self._deliveries), 5)
            self._left = [orjson.loads(line[6:]) for line in payload.split(b"\n") if line.startswith(b"data: ")]
        return self._left.pop(0)

    async def until(self, type: str, code: str = "") -> dict[str, Any]:
        while True:
            message = await self.next()
            if message["type"] == type and (not code or message["data"]["code"] == code):
                return message

    async def close(self) -> None:
        await self._deliveries.aclose()


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub(Board("e", window=5), Presence(seed=1), most_streams=3, pace=PACE)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def put(hub: Hub, *numbers: int, namespace: str = "drills", title: str = "t") -> None:
    for number in numbers:
        hub._board.put(card(number, namespace=namespace, title=title))
    hub.announce()


async def published(hub: Hub, head: int) -> None:
    async with asyncio.timeout(5):
        while hub.head.number < head:
            await hub.turn.wait()


@contextmanager
def following(
    hub: Hub, scope: Scope = EVERYTHING, resume: Seq | None = None, door: Door = Door.EVENTS
) -> Iterator[Client]:
    with hub.follow(viewer(scope), door, resume) as follower:
        yield Client(follower)


async def test_first_everything_then_that_it_is_all_then_changes(hub: Hub) -> None:
    put(hub, 1, 2)
    await published(hub, 2)
    with following(hub) as client:
        snapshot = await client.next()
        assert snapshot["type"] == "snapshot"
        assert [i["id"] for i in snapshot["data"]["incidents"]] == ["uid-2", "uid-1"]
        synced = await client.next()
        assert synced["data"]["code"] == "synced"
        assert synced["seq"] == "e:2"
        assert PACE.retry_lowest * 1000 <= synced["data"]["retry_ms"] <= PACE.retry_highest * 1000
        put(hub, 1, title="changed")
        change = await client.until("incident.upsert")
        assert (change["seq"], change["data"]["message"]) == ("e:3", "changed")


async def test_a_client_that_comes_back_is_told_what_it_missed_and_no_more(hub: Hub) -> None:
    put(hub, 1, 2, 3)
    await published(hub, 3)
    with following(hub, resume=Seq("e", 2)) as client:
        assert [(await client.next())["type"] for _ in range(2)] == ["incident.upsert", "notice"]


async def test_a_client_that_was_away_too_long_gets_everything(hub: Hub) -> None:
    for number in range(1, 9):
        put(hub, number)
        await published(hub, number)
    with following(hub, resume=Seq("e", 1)) as client:
        snapshot = await client.next()
        assert (snapshot["type"], len(snapshot["data"]["incidents"])) == ("snapshot", 8)
        assert (await client.next())["data"]["code"] == "synced"


async def test_a_slow_client_gets_the_latest_and_not_each(hub: Hub) -> None:
    with following(hub) as client:
        await client.until("notice", "synced")
        for version in range(1, 4):
            put(hub, 1, title=f"version {version}")
            await published(hub, version)
        assert (await client.until("incident.upsert"))["data"]["message"] == "version 3"


async def test_a_client_that_falls_out_of_the_window_is_told_everything_again(hub: Hub) -> None:
    with following(hub) as client:
        await client.until("notice", "synced")
        for number in range(1, 9):
            put(hub, number)
            await published(hub, number)
        snapshot = await client.until("snapshot")
        assert len(snapshot["data"]["incidents"]) == 8
        await client.until("notice", "synced")
        assert hub.resyncs_total == 1


async def test_nobody_sees_what_is_not_theirs(hub: Hub) -> None:
    put(hub, 1, namespace="other")
    put(hub, 2)
    await published(hub, 2)
    with following(hub, OURS) as client:
        snapshot = await client.next()
        assert [i["id"] for i in snapshot["data"]["incidents"]] == ["uid-2"]
        await client.until("notice", "synced")
        put(hub, 3, namespace="other")
        await published(hub, 3)
        put(hub, 4)
        assert (await client.until("incident.upsert"))["data"]["id"] == "uid-4"


async def test_a_right_that_is_taken_away_takes_the_objects_away(hub: Hub) -> None:
    put(hub, 1)
    put(hub, 2, namespace="other")
    await published(hub, 2)
    with following(hub) as client:
        assert len((await client.next())["data"]["incidents"]) == 2
        await client.until("notice", "synced")
        client.follower.renew(viewer(OURS))
        hub.wake()
        assert [i["id"] for i in (await client.until("snapshot"))["data"]["incidents"]] == ["uid-1"]


async def test_a_token_that_ends_ends_the_stream(hub: Hub) -> None:
    with following(hub) as client:
        await client.until("notice", "synced")
        client.follower.renew(None)
        hub.wake()
        with pytest.raises(StreamEnded, match="token"):
            await client.until("never")


async def test_the_end_of_the_process_ends_every_stream(hub: Hub) -> None:
    with following(hub) as client:
        await client.until("notice", "synced")
        hub.close()
        with pytest.raises(StreamEnded, match="shutdown"):
            await client.until("never")
        with pytest.raises(Problem, match="no more streams"):
            hub.refuse_unless_open()
    await asyncio.wait_for(hub.wait_empty(60), 1)


async def test_no_more_streams_than_are_allowed(hub: Hub) -> None:
    with following(hub), following(hub), following(hub), pytest.raises(Problem, match="no more streams"):
        hub.refuse_unless_open()
    hub.refuse_unless_open()


async def test_what_a_client_of_the_earlier_simulator_gets(hub: Hub) -> None:
    put(hub, 1)
    await published(hub, 1)
    with hub.follow(viewer(), Door.EARLIER, None) as follower:
        hub.presence.name(follower.connection, "Brave Fox")
        async with aclosing(follower.deliveries()) as deliveries:
            assert _frames(await anext(deliveries)) == [
                {"type": "user_list_update", "users": ["Brave Fox"], "count": 1}
            ]
            put(hub, 1, title="changed")
            (bare,) = _frames(await asyncio.wait_for(anext(deliveries), 5))
            assert (bare["id"], bare["message"]) == ("uid-1", "changed")


def _frames(payload: bytes) -> list[dict[str, Any]]:
    """Text frames of a server (RFC 6455, section 5.2), read by hand."""
    found = []
    while payload:
        assert payload[0] == 0x81
        length, start = payload[1], 2
        if length == 126:
            length, start = int.from_bytes(payload[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(payload[2:10], "big"), 10
        found.append(orjson.loads(payload[start : start + length]))
        payload = payload[start + length :]
    return found


async def test_who_looks_at_what_is_told_to_those_who_may_see_it(hub: Hub) -> None:
    put(hub, 1, namespace="other")
    await published(hub, 1)
    with following(hub) as one, following(hub, OURS) as two:
        hub.presence.view(one.follower.connection, ("other", "uid-1", "INC-0001"))
        seen = (await one.until("presence"))["data"]["users"]
        assert {"id": "uid-1", "number": "INC-0001"} in [user["viewing"] for user in seen]
        hidden = (await two.until("presence"))["data"]["users"]
        assert [user["viewing"] for user in hidden] == [None, None]
