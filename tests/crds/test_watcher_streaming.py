"""A list that comes as a stream, from servers that can and servers that cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from incident_crds.client import ApiClient, ApiConfig

from ..conftest import NAMESPACE
from ..waiting import eventually
from .follower import FAST, Follower
from .scripted import Event, ScriptedServer, Stream, bookmark, event, failed, incident, listed, status_object


@pytest_asyncio.fixture
async def follower(server: ScriptedServer) -> AsyncIterator[Follower]:
    async with ApiClient(ApiConfig(server.url)) as client:
        yield Follower(client, pace=FAST, streams_lists=True)


def ending(version: int) -> Event:
    """The bookmark after the last object."""
    metadata = {"resourceVersion": str(version), "annotations": {"k8s.io/initial-events-end": "true"}}
    return event("BOOKMARK", {"kind": "Incident", "metadata": metadata})


async def asked(server: ScriptedServer, *expected: str) -> None:
    async def is_so() -> bool:
        return server.asked == list(expected)

    await eventually(is_so, f"asked {expected}", 5)


async def test_the_stream_makes_one_list_and_the_watch_goes_on_from_its_end(
    server: ScriptedServer, follower: Follower
) -> None:
    first = [event("ADDED", incident("a", 1)), bookmark(5), event("ADDED", incident("b", 2)), ending(7)]
    server.watches += [Stream(first, "hang"), Stream([event("MODIFIED", incident("a", 8))], "hang")]
    async with follower.running() as watcher:
        await watcher.wait_synced()

        async def told() -> bool:
            return follower.told == ["ADDED a 1", "ADDED b 2", "MODIFIED a 8"]

        await eventually(told, "all three changes", 5)
    assert server.asked == ["watch ", "watch 7"]
    assert server.requests[0].query["sendInitialEvents"] == "true"
    assert server.requests[0].query["resourceVersionMatch"] == "NotOlderThan"
    assert "sendInitialEvents" not in server.requests[1].query


async def test_a_server_that_streams_no_lists_is_asked_for_pages(server: ScriptedServer, follower: Follower) -> None:
    server.watches.append(failed(422, "Invalid", "sendInitialEvents is forbidden for watch"))
    server.answers.append(listed(incident("a", 1), version=3))
    async with follower.running() as watcher:
        await watcher.wait_synced()
        await asked(server, "watch ", "list", "watch 3")
    assert follower.told == ["ADDED a 1"]


async def test_a_stream_that_is_cut_is_no_list(server: ScriptedServer, follower: Follower) -> None:
    part = [event("ADDED", incident("a", 1))]
    server.watches += [
        Stream(part, "end"),
        Stream(part, "drop"),
        Stream([*part, event("ERROR", status_object(500, "InternalError"))]),
        Stream([*part, event("ADDED", incident("b", 2)), ending(4)], "hang"),
    ]
    async with follower.running() as watcher:
        await watcher.wait_synced()
        assert sorted(name for _, name in watcher.objects) == ["a", "b"]
    assert follower.told == ["ADDED a 1", "ADDED b 2"]


async def test_a_position_that_is_too_old_brings_another_stream_and_only_the_difference(
    server: ScriptedServer, follower: Follower
) -> None:
    server.watches += [
        Stream([event("ADDED", incident("a", 1)), event("ADDED", incident("b", 2)), ending(2)], "hang"),
        Stream([event("ERROR", status_object(410, "Expired"))]),
        Stream([event("ADDED", incident("b", 9)), ending(9)], "hang"),
    ]
    async with follower.running() as watcher:

        async def told() -> bool:
            return follower.told == ["ADDED a 1", "ADDED b 2", "DELETED a 1", "MODIFIED b 9"]

        await eventually(told, "the difference", 5)
        assert watcher.relists_total == 1


async def test_a_real_server_streams_lists(admin: ApiClient) -> None:
    follower = Follower(admin, namespace=NAMESPACE, streams_lists=True)
    async with follower.running() as watcher:
        await watcher.wait_synced()
        assert watcher._streams_lists
