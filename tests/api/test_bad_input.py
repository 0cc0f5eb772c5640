"""Whatever is sent: a 4xx with a problem document, and nothing is changed or broken by it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from incident_api.middleware import LONGEST_BODY

from ..conftest import ApiProcess
from .door import Door, hang_up

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"\xff\xfe", 400),
        (b'{"message":"\xc3\x28"}', 400),
        (b'{"message":"\\ud800"}', 422),
        (b'{"\\ud800":1,"message":"x"}', 422),
        (b'{"message":7}', 422),
        (b'{"message":true}', 422),
        (b'{"message":null}', 422),
        (b'{"message":""}', 422),
        (b'{"message":"   "}', 422),
        (b'{"message":"\\u001b[31mred"}', 422),
        (b'{"message":"x","metadata":{"":"v"}}', 422),
        (b'{"message":"x","metadata":{"\\ud800":"v"}}', 422),
        (b'{"message":"' + b"x" * 257 + b'"}', 422),
        (b'{"message":"x","actionable":true}', 422),
        (b'{"message":"x","status":"resolved"}', 422),
        (b'{"message":"x","severity":"P9"}', 422),
        (b'{"message":"x","affected_systems":"redis-test"}', 422),
        (b'{"message":"x","metadata":{"k":1}}', 422),
        (b'{"message":"x","namespace":"../kube-system"}', 422),
        (b'{"message":"x","namespace":"no-such-namespace"}', 404),
        (b"[" * 100_000, 400),
        (b'{"message":1e999}', 422),
    ],
)
async def test_bodies_that_are_no_incident(door: Door, body: bytes, status: int) -> None:
    answer = await door.send("POST", "/incidents", data=body)
    assert answer.status == status, answer.json
    assert answer.code in ("invalid-request", "invalid-body", "not-found")
    assert answer.json["detail"]


async def test_a_body_of_another_kind(door: Door) -> None:
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        answer = await door.send("POST", "/incidents", data=b'{"message":"x"}', headers={"Content-Type": kind})
        assert (answer.status, answer.code) == (415, "unsupported-media-type"), kind


async def test_bodies_that_are_too_large_are_not_read(running: ApiProcess, door: Door) -> None:
    told = await door.send("POST", "/incidents", data=b"x" * (LONGEST_BODY + 1))
    assert told.code == "body-too-large"
    port = urlsplit(running.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/v1/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.token}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = asyncio.create_task(reader.readuntil(b"\r\n"))
    for _ in range(64):
        if answer.done():
            break
        writer.write(chunk)
        await asyncio.sleep(0)
    assert b" 413 " in await asyncio.wait_for(answer, 10)
    await hang_up(writer)


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/..",
        "/incidents/../../../etc/passwd",
        "/incidents/%2e%2e%2f%2e%2e%2fapis",
        "/incidents/%00",
        "/incidents/%ff%fe",
        "/incidents/" + "x" * 300,
        "/incidents/a%2Fb",
        "/incidents/INC-99999999",
        "/incidents/%F0%9F%94%A5",
        "/no-such-path",
        "/incidents/",
        "//api/v2/incidents",
        "//..%2f..%2fetc%2fpasswd",
    ],
)
async def test_paths_that_lead_nowhere(door: Door, path: str) -> None:
    answer = await door.get(path)
    assert answer.status in (404, 422)
    assert answer.code in ("not-found", "invalid-request")


@pytest.mark.parametrize(
    "query",
    ["status=open", "severity=P9", "limit=0", "limit=x", "limit=1001", "sort=message", "q=" + "x" * 201, "type=real"],
)
async def test_queries_that_make_no_sense(door: Door, query: str) -> None:
    answer = await door.get(f"/incidents?{query}")
    assert answer.code == "invalid-request"
    assert answer.json["errors"][0]["where"].startswith("query.")


async def test_a_method_that_a_path_does_not_have(door: Door) -> None:
    answer = await door.send("PUT", "/incidents")
    assert (answer.code, answer.headers["Allow"]) == ("method-not-allowed", "GET, POST")


async def test_a_spec_that_only_the_cluster_can_refuse(door: Door) -> None:
    label = {"selector": {"matchLabels": {"not a label": "!"}}, "mode": "all"}
    body = {"spec": {"target": label, "fault": {"type": "None"}}}
    answer = await door.post("/experiments", body)
    if answer.status == 201:  # labels are looked for, not validated: nothing carries this one
        await door.post(f"/experiments/{answer.json['id']}/abort")
    assert answer.status in (201, 422)
    mismatch = {"spec": {"target": {"systemRef": {"name": "x"}}, "fault": {"type": "RedisMemory", "diskFill": {}}}}
    assert (await door.post("/experiments", mismatch)).code == "invalid-request"
    assert (await door.post("/experiments", {"scenario": "no-such"})).code == "not-found"
    assert (await door.post("//trigger/no-such")).code == "invalid-request"
    assert (await door.post("//clear/no-such")).code == "invalid-request"


async def test_other_sites_may_call_only_when_the_settings_say_so(door: Door) -> None:
    friend = await door.get("/incidents", headers={"Origin": "https://friend.example"})
    assert friend.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert "Access-Control-Allow-Credentials" not in friend.headers
    stranger = await door.get("/incidents", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers
