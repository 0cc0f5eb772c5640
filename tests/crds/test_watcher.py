"""The watcher keeps up with everything that a server can do wrong."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from typing_extensions import override

from incident_crds import watcher as watcher_module
from incident_crds.changes import Change
from incident_crds.client import ApiClient, ApiConfig
from incident_crds.errors import Unreachable
from incident_crds.incident import Incident
from incident_crds.parsing import LONGEST_LINE
from incident_crds.watcher import Watcher

from ..waiting import eventually
from .follower import FAST, Follower
from .scripted import Answer, ScriptedServer, Stream, bookmark, event, failed, incident, listed, status_object


@pytest_asyncio.fixture
async def follower(server: ScriptedServer) -> AsyncIterator[Follower]:
    async with ApiClient(ApiConfig(server.url)) as client:
        yield Follower(client, pace=FAST)


async def has_asked(server: ScriptedServer, *expected: str) -> None:
    """Return once exactly this was asked of the server."""

    async def is_so() -> bool:
        return server.asked == list(expected)

    try:
        await eventually(is_so, f"asked {expected}", 5)
    except AssertionError:
        assert server.asked == list(expected)
        raise


async def test_pages_make_one_list(server: ScriptedServer, follower: Follower) -> None:
    server.answers += [listed(incident("a", 1), version=7, token="more"), listed(incident("b", 2), version=7)]
    async with follower.running() as watcher:
        await watcher.wait_synced()
        await has_asked(server, "list", "list", "watch 7")
    assert follower.told == ["ADDED a 1", "ADDED b 2"]
    assert server.requests[1].query["continue"] == "more"
    assert server.requests[0].query["limit"] == "500"
    assert watcher.relists_total == 0


async def test_events_change_the_cache_before_they_are_told(server: ScriptedServer) -> None:
    seen: list[tuple[str, list[str]]] = []
    server.answers.append(listed(incident("a", 1), version=1))
    changes = [("ADDED", incident("b", 2)), ("MODIFIED", incident("a", 3)), ("DELETED", incident("b", 4))]
    server.watches.append(Stream([event(*change) for change in changes], "hang"))
    async with ApiClient(ApiConfig(server.url)) as client:
        watcher: Watcher[Incident] = Watcher(
            client, Incident, on_change=lambda c: seen.append((c.type, sorted(o.spec.title for o in objects())))
        )

        def objects() -> list[Incident]:
            return list(watcher.objects.values())

        task = asyncio.create_task(watcher.run())

        async def is_told() -> bool:
            return len(seen) == 4

        await eventually(is_told, "four changes", 20)
        task.cancel()
    assert seen == [
        ("ADDED", ["a at 1"]),
        ("ADDED", ["a at 1", "b at 2"]),
        ("MODIFIED", ["a at 3", "b at 2"]),
        ("DELETED", ["a at 3"]),
    ]


async def test_the_position_follows_events_and_bookmarks(server: ScriptedServer, follower: Follower) -> None:
    server.answers.append(listed(version=1))
    server.watches += [Stream([event("ADDED", incident("a", 5))]), Stream([bookmark(9)])]
    async with follower.running():
        await has_asked(server, "list", "watch 1", "watch 5", "watch 9")
    assert follower.told == ["ADDED a 5"]


async def test_the_server_is_asked_to_end_watches_at_different_times(
    server: ScriptedServer, follower: Follower
) -> None:
    server.answers.append(listed(version=1))
    server.watches += [Stream([bookmark(n)]) for n in range(2, 22)]
    async with follower.running():
        await has_asked(server, "list", *(f"watch {n}" for n in range(1, 22)))
    seconds = [int(request.query["timeoutSeconds"]) for request in server.requests[1:]]
    assert all(300 <= value <= 600 for value in seconds)
    assert len(set(seconds)) > 5
    assert all(request.query["allowWatchBookmarks"] == "true" for request in server.requests[1:])


LOST: dict[str, Stream | Answer] = {
    "410 in the stream": Stream([event("ERROR", status_object(410, "Expired"))], "hang"),
    "410 at once": failed(410, "Expired"),
    "429 in the stream": Stream([event("ERROR", status_object(429, "TooManyRequests"))], "hang"),
    "500 in the stream": Stream([event("ERROR", status_object(500, "InternalError"))], "hang"),
    "an error without a code": Stream([event("ERROR", {})], "hang"),
    "a line that is not JSON": Stream([b'{"type": "ADDED", \n'], "hang"),
    "a line that is no event": Stream([b"[]\n"], "hang"),
    "an event without an object": Stream([b'{"type": "ADDED"}\n'], "hang"),
    "an object without a name": Stream([b'{"type": "ADDED", "object": {"metadata": {}}}\n'], "hang"),
    "a line without end": Stream([b"x" * (LONGEST_LINE + 1)], "hang"),
    "401": failed(401, "Unauthorized"),
}


@pytest.mark.parametrize("trouble", LOST.values(), ids=LOST.keys())
async def test_a_lost_position_means_a_new_list_and_its_differences(
    trouble: Stream | Answer, server: ScriptedServer, follower: Follower
) -> None:
    before = [incident("stays", 1), incident("changes", 1), incident("goes", 1), incident("twin", 1, uid="old")]
    after = [incident("stays", 1), incident("changes", 8), incident("comes", 8), incident("twin", 8, uid="new")]
    server.answers += [listed(*before, version=1), listed(*after, version=8)]
    server.watches.append(trouble)
    async with follower.running() as watcher:
        await has_asked(server, "list", "watch 1", "list", "watch 8")
        assert watcher.relists_total == 1
        assert watcher.synced
    assert follower.told[:4] == ["ADDED stays 1", "ADDED changes 1", "ADDED goes 1", "ADDED twin 1"]
    assert sorted(follower.told[4:6]) == ["DELETED goes 1", "DELETED twin 1"]
    assert sorted(follower.told[6:]) == ["ADDED comes 8", "ADDED twin 8", "MODIFIED changes 8"]
    assert follower.names == ["changes", "comes", "stays", "twin"]


KEPT: dict[str, Stream | Answer] = {
    "a cut connection": Stream([bookmark(5)], "drop"),
    "silence": Stream([bookmark(5)], "hang"),
    "bytes that make no line": Stream([bookmark(5)], "trickle"),
    "an unfinished line": Stream([bookmark(5), b'{"type": "ADDED"'], "end"),
}


@pytest.mark.parametrize("trouble", KEPT.values(), ids=KEPT.keys())
async def test_a_broken_connection_is_taken_up_where_it_broke(
    trouble: Stream | Answer, server: ScriptedServer, follower: Follower
) -> None:
    server.answers.append(listed(incident("a", 1), version=1))
    server.watches += [trouble, Stream([event("MODIFIED", incident("a", 6))], "hang")]
    async with follower.running() as watcher:
        await eventually(_told(follower, "ADDED a 1", "MODIFIED a 6"), "both changes", 20)
        assert server.asked[:3] == ["list", "watch 1", "watch 5"]
        assert watcher.relists_total == 0


async def test_each_line_is_a_sign_of_life(server: ScriptedServer, follower: Follower) -> None:
    server.answers.append(listed(version=1))
    server.watches.append(Stream(then="tick"))
    async with follower.running():

        async def outlived() -> bool:
            return server.ticks * 0.05 > 2 * FAST.idle.total_seconds()

        await eventually(outlived, "twice the longest silence", 20)
    assert server.asked == ["list", "watch 1"]


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_server_under_load_is_not_asked_for_another_list(
    code: int, server: ScriptedServer, follower: Follower
) -> None:
    server.answers.append(listed(version=1))
    server.watches.append(failed(code, "Whatever", **{"Retry-After": "0"}))
    async with follower.running():
        await has_asked(server, "list", "watch 1", "watch 1")


async def test_a_large_object_is_no_trouble(server: ScriptedServer, follower: Follower) -> None:
    large = incident("a", 2)
    large["metadata"]["annotations"] = {"notes": "y" * 3_000_000}
    server.answers.append(listed(version=1))
    server.watches.append(Stream([event("ADDED", large)], "hang"))
    async with follower.running():
        await eventually(_told(follower, "ADDED a 2"), "the large object", 20)


async def test_a_list_that_grows_old_between_pages_is_begun_again(server: ScriptedServer, follower: Follower) -> None:
    server.answers += [
        listed(incident("a", 1), version=1, token="old"),
        failed(410, "Expired"),
        listed(incident("b", 2), version=2),
    ]
    async with follower.running():
        await has_asked(server, "list", "list", "list", "watch 2")
    assert follower.told == ["ADDED b 2"]


async def test_what_the_cache_holds_already_is_not_told_again(server: ScriptedServer, follower: Follower) -> None:
    server.answers.append(listed(incident("a", 1), version=1))
    server.watches.append(
        Stream([event("ADDED", incident("a", 1)), event("DELETED", incident("a", 2, uid="another")), bookmark(3)])
    )
    async with follower.running():
        await has_asked(server, "list", "watch 1", "watch 3")
    assert follower.told == ["ADDED a 1"]


async def test_an_object_of_another_version_does_not_stop_the_others(
    server: ScriptedServer, follower: Follower
) -> None:
    odd = incident("a", 2, incidentType="Imaginary")
    server.answers.append(listed(incident("a", 1), incident("odd", 1, severity="P17"), version=1))
    server.watches.append(Stream([event("MODIFIED", odd), event("ADDED", incident("b", 3))], "hang"))
    async with follower.running() as watcher:
        await eventually(_told(follower, "ADDED a 1", "ADDED b 3"), "the others", 20)
        assert watcher.objects["drills", "a"].metadata.resource_version == "1"
    assert follower.names == ["a", "b"]


async def test_a_missing_right_is_named(server: ScriptedServer, follower: Follower) -> None:
    server.answers += [failed(403, "Forbidden", 'User "agent" cannot list'), listed(version=1)]
    problems: list[str] = []
    async with follower.running() as watcher:
        while not watcher.synced:
            problems.append(watcher.problem)
            await asyncio.sleep(0)
        await has_asked(server, "list", "list", "watch 1")
        await eventually(_is_well(watcher), "the problem is over", 20)
    wanted = "the verbs list and watch on incidents.incidentsimulator.net are needed in all namespaces"
    assert f'{wanted}: User "agent" cannot list' in problems


async def test_a_missing_definition_is_named(server: ScriptedServer, follower: Follower) -> None:
    server.answers += [failed(404, "NotFound", "the server could not find the requested resource")] * 20
    async with follower.running() as watcher:

        async def is_told() -> bool:
            return bool(watcher.problem)

        await eventually(is_told, "the problem", 20)
        assert "apply its CustomResourceDefinition" in watcher.problem
        assert not watcher.synced
        assert watcher.last_event_age() is None


async def test_waits_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock of its own: no test waits for half a minute."""
    waits: list[float] = []
    enough = 12

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == enough:
            raise asyncio.CancelledError

    class DeadServer(ApiClient):
        @override
        async def list_raw(self, *_: Any, **__: Any) -> Any:
            raise Unreachable("connection refused")

    monkeypatch.setattr(watcher_module, "asyncio", SimpleNamespace(sleep=sleep, Event=asyncio.Event))
    watcher = Watcher(DeadServer(ApiConfig("http://127.0.0.1:1")), Incident, on_change=lambda _: None)
    with pytest.raises(asyncio.CancelledError):
        await watcher.run()
    ceilings = [min(30.0, 0.5 * 2**n) for n in range(enough)]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert len({round(wait, 6) for wait in waits[-5:]}) == 5


async def test_a_server_that_breaks_every_watch_is_not_hammered(server: ScriptedServer, follower: Follower) -> None:
    """A list that works and a watch that opens are no reason to begin with short waits again."""
    server.answers += [listed(version=n) for n in range(1, 7)]
    server.watches += [Stream([event("ERROR", status_object(410, "Expired"))])] * 5
    async with follower.running() as watcher:
        await has_asked(server, *(step for n in range(1, 7) for step in ("list", f"watch {n}")))
        assert watcher._failures == 5


async def test_the_first_event_ends_the_long_waits(server: ScriptedServer, follower: Follower) -> None:
    server.answers += [listed(version=1), listed(version=2)]
    server.watches += [failed(410, "Expired"), Stream([bookmark(9)])]
    async with follower.running() as watcher:
        await has_asked(server, "list", "watch 1", "list", "watch 2", "watch 9")
        assert watcher._failures == 0


async def test_a_listener_that_fails_ends_the_watcher(server: ScriptedServer) -> None:
    def fail(_: Change[Incident]) -> None:
        raise RuntimeError("a bug")

    server.answers.append(listed(incident("a", 1), version=1))
    async with ApiClient(ApiConfig(server.url)) as client:
        with pytest.raises(RuntimeError, match="a bug"):
            await Watcher(client, Incident, on_change=fail).run()


async def test_the_collector_is_on_again_after_a_list(server: ScriptedServer, follower: Follower) -> None:
    server.answers.append(listed(*(incident(f"i{n}", n) for n in range(1, 400)), version=400))
    assert gc.isenabled()
    async with follower.running() as watcher:
        await watcher.wait_synced()
        assert gc.isenabled()


async def test_silence_grows_old(server: ScriptedServer, follower: Follower) -> None:
    server.answers.append(listed(version=1))
    async with follower.running() as watcher:
        await watcher.wait_synced()
        first = watcher.last_event_age()
        assert first is not None

        async def is_older() -> bool:
            return (watcher.last_event_age() or timedelta()) > first + timedelta(milliseconds=50)

        await eventually(is_older, "the age grows", 20)


def _told(follower: Follower, *expected: str) -> Callable[[], Any]:
    async def is_so() -> bool:
        return follower.told == list(expected)

    return is_so


def _is_well(watcher: Watcher[Any]) -> Callable[[], Any]:
    async def is_so() -> bool:
        return watcher.problem == ""

    return is_so
