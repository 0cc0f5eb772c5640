"""The live stream by both doors, and what cannot break it."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from incident_api.board.messages import Envelope

from ..conftest import ApiProcess, OperatorProcess, Stack
from ..waiting import eventually
from .door import PROTOCOL, Door, Events, Stream


async def open_both(door: Door) -> tuple[Stream, Events, Any, Any, list[str]]:
    """Both doors with their snapshots, and what the list says: while nothing that others left is still on its way."""

    async def listed() -> list[str]:
        return [i["id"] for i in (await door.get("/incidents")).json]

    async with asyncio.timeout(60):
        while True:
            before = await listed()
            stream, events = await door.stream(), await door.events()
            one, two = await stream.next(), await events.next()
            if await listed() == before:
                return stream, events, one, two, before
            await stream.close()
            events.close()


async def test_both_doors_tell_the_same(door: Door) -> None:
    made = await door.report()
    stream, events, one, two, listed = await open_both(door)
    assert one["type"] == two["type"] == "snapshot"
    assert one["v"] == 1
    assert [i["id"] for i in one["data"]["incidents"]] == listed
    assert [i["id"] for i in two["data"]["incidents"]] == listed
    assert {s["name"] for s in one["data"]["systems"]} == {"redis-test", "postgres-test", "disk-monitor"}
    for follower in (stream, events):
        synced = await follower.until("notice", code="synced")
        assert synced["data"]["user"] == "sre"
    assert events.retry >= 1000
    await door.patch(f"/incidents/{made['id']}/notes", {"notes": "changed"})
    one = await stream.until("incident.upsert", notes="changed")
    two = await events.until("incident.upsert", notes="changed")
    assert one == two
    assert events.last_id.rpartition(":")[0] == one["seq"].rpartition(":")[0]
    await door.delete(f"/incidents/{made['id']}")
    assert (await stream.until("incident.delete"))["data"]["id"] == made["id"]
    assert (await events.until("incident.delete"))["data"]["id"] == made["id"]
    await stream.close()
    events.close()


async def test_every_message_is_as_the_document_says(door: Door) -> None:
    stream = await door.stream()
    wanted = {"snapshot", "kill_switch", "notice", "presence", "incident.upsert", "incident.delete", "system.health"}
    made = await door.report()
    async with asyncio.timeout(60):  # a measurement that changes nothing is written each half minute
        while wanted:
            message = await stream.next()
            Envelope.model_validate_json(orjson.dumps(message))
            wanted.discard(message["type"])
            if message["type"] == "incident.upsert" and message["data"]["id"] == made["id"]:
                await door.delete(f"/incidents/{made['id']}")  # not before: one window tells the last change only
    await stream.close()


async def test_a_client_that_was_cut_off_misses_nothing(door: Door) -> None:
    made = [await door.report() for _ in range(2)]
    stream = await door.stream()
    synced = await stream.until("notice", code="synced")
    await stream.close()
    await door.patch(f"/incidents/{made[0]['id']}/notes", {"notes": "while away"})
    await door.delete(f"/incidents/{made[1]['id']}")
    missed = {("incident.upsert", made[0]["id"], "while away"), ("incident.delete", made[1]["id"], "")}
    again = await door.stream(f"?seq={synced['seq']}")
    while missed:  # what was written an instant ago may come just after the mark
        message = await again.next()
        assert message["type"] != "snapshot"
        missed.discard((message["type"], message["data"].get("id", ""), message["data"].get("notes", "")))
    events = await door.events(**{"Last-Event-ID": synced["seq"]})
    assert (await events.next())["type"] != "snapshot"
    for foreign in ("ffff:1", "nonsense", f"{synced['seq']}9"):
        other = await door.stream(f"?seq={foreign}")
        assert (await other.next())["type"] == "snapshot"
        await other.close()
    await again.close()
    events.close()
    await door.delete(f"/incidents/{made[0]['id']}")


async def test_browsers_pass_the_token_as_a_protocol(running: ApiProcess, secrets: Path) -> None:
    token = base64.urlsafe_b64encode((secrets / "viewer.token").read_bytes()).decode().rstrip("=")
    async with Door(running.url) as browser:
        stream = await browser.stream(protocols=(f"base64url.bearer.authorization.k8s.io.{token}", PROTOCOL))
        assert stream.socket.protocol == PROTOCOL
        assert (await stream.until("notice", code="synced"))["data"]["user"] == "viewer"
        await stream.close()


async def test_who_is_refused_gets_an_http_answer(running: ApiProcess, secrets: Path) -> None:
    async with Door(running.url, "wrong") as foreign, Door(running.url, (secrets / "sre.token").read_text()) as sre:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await foreign.stream()
        assert refused.value.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as strange:
            await sre.stream(Origin="https://evil.example")
        assert strange.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as later:
            await sre.stream(protocols=("incidentsim.v2",))
        assert later.value.status == 400
        ours = await sre.stream(Origin=sre.url)
        assert (await ours.next())["type"] == "snapshot"
        await ours.close()


@pytest.mark.parametrize(
    ("send", "code"),
    [
        ("not json", 1007),
        ('{"type":"unknown"}', 1007),
        ('{"type":"viewing","incident":7}', 1007),
        ('{"type":"heartbeat","more":1}', 1007),
        ("[" * 2000, 1007),
        ("x" * 5000, 1009),
        (b"binary", 1003),
    ],
)
async def test_what_makes_no_sense_ends_with_a_code(door: Door, send: str | bytes, code: int) -> None:
    stream = await door.stream()
    await (stream.socket.send_str(send) if isinstance(send, str) else stream.socket.send_bytes(send))
    assert await stream.close_code() == code


async def test_a_flood_and_a_huge_message_end_with_a_code_and_hurt_nobody(door: Door) -> None:
    flood, huge, other = await door.stream(), await door.stream(), await door.stream()
    for _ in range(100):
        await flood.socket.send_str('{"type":"heartbeat"}')
    assert await flood.close_code() == 1008
    with suppress(ConnectionError, aiohttp.ClientError):
        for _ in range(100):
            await huge.socket.send_str("x" * 2**20)
    assert await huge.close_code() in (1009, 1006)  # told why, or cut off while it went on
    await other.until("notice", code="synced")
    await other.close()


async def test_bytes_that_are_no_websocket(running: ApiProcess, door: Door) -> None:
    stream = await door.stream()
    connection = stream.socket._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.write(b"\xff\xff\xff\xff garbage that is no frame")
    assert await stream.close_code() in (1002, 1006)
    assert (await door.get("/health")).status == 200


async def test_who_looks_at_what(door: Door, viewer_door: Door) -> None:
    made = await door.report()
    mine, theirs = await door.stream(), await viewer_door.events()
    synced = await mine.until("notice", code="synced")
    await mine.socket.send_json({"type": "viewing", "incident": made["id"]})
    while True:
        users = (await theirs.until("presence"))["data"]["users"]
        found = [user for user in users if user["id"] == synced["data"]["connection"]]
        if found and found[0]["viewing"]:
            break
    assert (found[0]["animal"], found[0]["viewing"]["id"]) == (synced["data"]["animal"], made["id"])
    connection = await door.events()
    own = (await connection.until("notice", code="synced"))["data"]["connection"]
    told = await door.send("PUT", "/presence", {"connection": own, "incident": made["name"]})
    assert told.status == 204
    foreign = await viewer_door.send("PUT", "/presence", {"connection": own, "incident": None})
    assert foreign.code == "not-found"
    await mine.close()
    while any(u["id"] == synced["data"]["connection"] for u in (await theirs.until("presence"))["data"]["users"]):
        pass
    connection.close()
    theirs.close()
    await door.delete(f"/incidents/{made['id']}")


async def test_a_client_of_the_earlier_simulator(door: Door) -> None:
    old = await door.stream(protocols=())
    assert old.socket.protocol is None
    await old.socket.send_json({"type": "user_join", "name": "Quick Fox"})
    while True:
        users = await old.next()
        assert users["type"] == "user_list_update"
        if "Quick Fox" in users["users"]:
            break
    assert users["count"] >= 1
    made = await door.report(message="bare")
    while (bare := await old.next()).get("type") == "user_list_update" or bare["id"] != made["id"]:
        pass
    assert (bare["message"], bare["status"]) == ("bare", "triage")
    await old.close()
    await door.delete(f"/incidents/{made['id']}")


async def test_one_that_never_reads_holds_up_nobody_and_the_end_is_told_and_quick(
    start_api: Callable[..., ApiProcess], secrets: Path
) -> None:
    api = start_api()
    async with Door(api.url, (secrets / "sre.token").read_text()) as door:
        made = await door.report()
        stalled, events = await door.stream(), await door.events()
        stalled.socket._response.connection.transport.pause_reading()  # type: ignore[union-attr]
        streams = [await door.stream() for _ in range(20)]
        for number in range(100):
            await door.patch(f"/incidents/{made['id']}/notes", {"notes": f"{number} " + "y" * 16_000})
        for stream in streams:
            await stream.until("incident.upsert", notes="99 " + "y" * 16_000)

        began = time.monotonic()
        ending = asyncio.create_task(asyncio.to_thread(api.stop))
        told = await streams[0].until("notice", code="shutdown")
        assert told["data"]["retry_ms"] >= 1000
        codes = await asyncio.gather(*(stream.close_code() for stream in streams))
        assert codes == [1012] * 20
        assert (await events.until("notice", code="shutdown"))["data"]["retry_ms"] >= 1000
        with pytest.raises(EOFError):
            await events.until("never")
        await ending
        assert time.monotonic() - began < 5


async def test_two_replicas_are_one_board(start_api: Callable[..., ApiProcess], secrets: Path, door: Door) -> None:
    """Whoever moves from one to the other gets everything anew, and both end with the same."""
    second = start_api()
    async with Door(second.url, (secrets / "sre.token").read_text()) as other:
        stream = await door.stream()
        synced = await stream.until("notice", code="synced")
        await stream.close()
        made = await other.report(message="made on the second")
        moved = await other.stream(f"?seq={synced['seq']}")
        snapshot = await moved.next()
        assert snapshot["type"] == "snapshot"
        assert made["id"] in [i["id"] for i in snapshot["data"]["incidents"]]

        async def same() -> bool:
            first, again = await door.get("/incidents"), await other.get("/incidents")
            return first.body == again.body and first.headers["ETag"] == again.headers["ETag"]

        await eventually(same, "the same list on both", 10)
        assert made["id"] in [i["id"] for i in (await door.get("/incidents")).json]
        await moved.close()
        await other.delete(f"/incidents/{made['id']}")


async def test_a_control_plane_that_does_not_answer_is_told_and_come_back_to(
    stack: Stack, acting: OperatorProcess, door: Door
) -> None:
    """Frozen, it accepts connections and says nothing. Boards go on with what is known, and say how old it is."""
    stream = await door.stream()
    await stream.until("notice", code="synced")
    frozen = _control_plane_of(int(stack.info["pid"]))
    os.kill(frozen, signal.SIGSTOP)
    try:
        await stream.until("notice", code="stale")
        listed = await door.get("/incidents")
        assert (listed.status, listed.headers["Incidentsim-Fresh"]) == (200, "false")
        assert float(listed.headers["Incidentsim-Age"]) > 4
    finally:
        os.kill(frozen, signal.SIGCONT)
    await stream.until("notice", code="fresh")
    fresh = await door.get("/incidents")
    assert fresh.headers["Incidentsim-Fresh"] == "true"
    assert float(fresh.headers["Incidentsim-Age"]) < 6
    await stream.close()
    if not acting.is_running:  # it lost its lease, and is crash-only
        acting.start()


def _control_plane_of(parent: int) -> int:
    """The process id of the API server that the parent started."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                stat = (folder / "stat").read_text().rpartition(") ")[2].split()
                command = (folder / "cmdline").read_bytes()
                if int(stat[1]) == parent and (b"controlplane" in command or b"kube-apiserver" in command):
                    return int(folder.name)
    raise AssertionError(f"process {parent} has no API server")


async def test_readiness_and_metrics_tell_how_well_the_cluster_is_followed(door: Door) -> None:
    ready = (await door.get("//readyz")).json
    assert ready["ready"] is True
    assert {w["resource"] for w in ready["watches"]} >= {"incidents", "remediationplans", "chaosexperiments"}
    assert all(w["synced"] and not w["problem"] for w in ready["watches"])
    metrics = (await door.get("//metrics")).body.decode()
    assert 'incidentsim_board_cards{kind="mocksystems"} 3.0' in metrics
