"""The kill switch: who turns it, what the operator makes of it, and that every board learns of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from incident_api.board.killswitch import OFF, KillSwitch, kill_switch_of
from incident_api.cluster.killswitch import KillSwitchWatch
from incident_crds.access import KILL_SWITCH
from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.configmap import ConfigMap
from incident_crds.errors import NotFound

from ..crds.scripted import ScriptedServer, Stream, event, failed, listed, status_object
from ..waiting import eventually
from .door import Door

STATE_OFF = {"on": False, "reason": "", "by": "", "since": None}
SYSTEM = "incidentsim-system"
PATH = raw_path("v1", "configmaps", SYSTEM, KILL_SWITCH)


def config_map(version: int, **data: str) -> dict[str, Any]:
    """As a server sends it."""
    metadata = {"name": KILL_SWITCH, "namespace": SYSTEM, "uid": "u", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest_asyncio.fixture
async def left_off(admin: ApiClient, door: Door) -> AsyncIterator[None]:
    yield
    with suppress(NotFound):
        await admin.request("DELETE", PATH)
    await eventually(lambda: is_on(door, on=False), "the switch is off", 10)


async def is_on(door: Door, *, on: bool) -> bool:
    return bool((await door.get("/kill-switch")).json["on"] is on)


@pytest.mark.usefixtures("left_off")
async def test_it_is_turned_in_ones_own_name_and_by_those_who_may(door: Door, viewer_door: Door) -> None:
    assert (await viewer_door.get("/kill-switch")).json == STATE_OFF
    refused = await viewer_door.send("PUT", "/kill-switch", {"reason": "no"})
    assert refused.code == "forbidden"
    assert refused.json["detail"].startswith(
        "you may not turn the kill switch on: ask for the role incidentsim-approver"
    )
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}, {"reason": "x", "by": "admin"}):
        assert (await door.send("PUT", "/kill-switch", body)).code == "invalid-request", body
    assert (await door.get("/kill-switch")).json == STATE_OFF
    turned = await door.send("PUT", "/kill-switch", {"reason": "a real outage"})
    assert turned.status == 200
    assert turned.json == {"on": True, "reason": "a real outage", "by": "sre", "since": turned.json["since"]}
    assert turned.json["since"].endswith("Z")
    assert (await viewer_door.get("/kill-switch")).json == turned.json
    assert (await viewer_door.delete("/kill-switch")).code == "forbidden"
    assert (await viewer_door.get("/kill-switch")).json["on"]
    for _ in range(2):
        off = await door.delete("/kill-switch")
        assert (off.status, off.json) == (200, STATE_OFF)
    assert (await viewer_door.get("/kill-switch")).json == STATE_OFF


@pytest.mark.usefixtures("left_off")
async def test_it_is_on_again_after_somebody_disabled_it_by_hand(door: Door, admin: ApiClient) -> None:
    await door.send("PUT", "/kill-switch", {"reason": "outage"})
    disabled = {"data": {"enabled": "false"}}
    await admin.request("PATCH", PATH, body=disabled, content_type="application/merge-patch+json")
    await eventually(lambda: is_on(door, on=False), "it is seen to be off", 5)
    assert (await door.send("PUT", "/kill-switch", {"reason": "again"})).json["on"]
    assert (await door.get("/kill-switch")).json["reason"] == "again"


async def test_what_a_session_says_of_it(door: Door, viewer_door: Door) -> None:
    assert (await door.get("/session")).json["may"]["halt"] is True
    assert (await viewer_door.get("/session")).json["may"]["halt"] is False


@pytest.mark.usefixtures("left_off")
async def test_every_board_is_told_at_once_and_when_it_comes(door: Door, viewer_door: Door) -> None:
    stream, events = await viewer_door.stream(), await door.events()
    assert (await stream.until("kill_switch"))["data"] == STATE_OFF
    synced = await stream.until("notice", code="synced")
    assert (await events.until("kill_switch"))["data"] == STATE_OFF
    began = time.monotonic()
    state = (await door.send("PUT", "/kill-switch", {"reason": "outage"})).json
    assert (await stream.until("kill_switch"))["data"] == state
    assert (await events.until("kill_switch"))["data"] == state
    assert time.monotonic() - began < 1
    resumed = await viewer_door.stream(f"?seq={synced['seq']}")
    types = []
    while (message := await resumed.next())["type"] != "notice":
        types.append(message["type"])
        if message["type"] == "kill_switch":
            assert message["data"] == state
    assert "snapshot" not in types
    assert types.count("kill_switch") == 1
    await door.delete("/kill-switch")
    for follower in (stream, events, resumed):
        assert (await follower.until("kill_switch"))["data"] == STATE_OFF
    await stream.close()
    await resumed.close()
    events.close()


@pytest.mark.usefixtures("left_off")
async def test_the_operator_undoes_what_is_active_and_holds_what_is_new(door: Door) -> None:
    begun = (await door.post("/experiments", {"scenario": "disk-full"})).json

    async def ended(id: str, status: str) -> dict[str, Any] | None:
        found: dict[str, Any] = (await door.get(f"/experiments/{id}")).json
        return found if found["status"] == status else None

    await eventually(lambda: ended(begun["id"], "active"), "an active fault", 30)
    await door.send("PUT", "/kill-switch", {"reason": "a real outage"})
    aborted = await eventually(lambda: ended(begun["id"], "aborted"), "the fault is undone", 30)
    assert "a real outage (by sre)" in aborted["message"]
    second = (await door.post("/experiments", {"scenario": "disk-full"})).json
    held = await eventually(lambda: ended(second["id"], "pending"), "the second is held", 30)
    assert held["reason"] in ("", "KillSwitch")  # it is pending also before the operator saw it
    assert (await door.post(f"/experiments/{second['id']}/abort")).status == 200  # or it would begin now
    await door.delete("/kill-switch")


def test_what_people_write_by_hand() -> None:
    assert kill_switch_of(None) == OFF
    assert not kill_switch_of(ConfigMap.parse(config_map(1, enabled="false", reason="x"))).on
    bare = kill_switch_of(ConfigMap.parse(config_map(1)))
    assert (bare.on, bare.reason, bare.by) == (True, "", "")


async def test_the_watch_outlives_what_a_server_can_do_to_it() -> None:
    told: list[KillSwitch] = []
    async with ScriptedServer().serve() as server, ApiClient(ApiConfig(server.url)) as client:
        server.answers += [failed(403, "Forbidden"), listed(version=1), listed(config_map(7, reason="b"), version=8)]
        server.watches += [
            Stream([event("ADDED", config_map(2, reason="a"))], "drop"),
            Stream([event("ERROR", status_object(410, "Expired"))]),
            Stream([event("DELETED", config_map(9))], "hang"),
        ]
        watch = KillSwitchWatch(client, SYSTEM, on_change=told.append)
        assert watch.state is None
        running = asyncio.create_task(watch.run())

        async def is_over() -> bool:
            return len(told) == 4

        await eventually(is_over, "four states", 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [state.reason if state.on else None for state in told] == [None, "a", "b", None]
    for request in server.requests:
        assert request.path == f"/api/v1/namespaces/{SYSTEM}/configmaps"
        assert request.query["fieldSelector"] == f"metadata.name={KILL_SWITCH}"
