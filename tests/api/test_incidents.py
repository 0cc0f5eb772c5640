"""Incidents over REST, on a real API server with a real operator."""

from __future__ import annotations

import asyncio
import gzip
import uuid

import orjson

from ..waiting import eventually
from .door import Door


async def test_an_incident_from_its_report_to_its_end(door: Door) -> None:
    made = await door.report(source="api-gateway", severity="P1", team="payments", notes="first", metadata={"k": "v"})
    assert (made["status"], made["severity"], made["severity_forced"]) == ("triage", "P1", True)
    assert made["generated_by"] == "person sre"
    id = made["id"]

    async def numbered() -> str | None:
        found = (await door.get(f"/incidents/{id}")).json
        return found["number"] or None

    number = await eventually(numbered, "a running number", 10)
    by_name, by_number = await door.get(f"/incidents/{made['name']}"), await door.get(f"/incidents/{number}")
    assert by_name.json["id"] == by_number.json["id"] == id

    moved = await door.patch(f"/incidents/{id}/status", {"status": "investigating"})
    assert (moved.status, moved.json["status"]) == (200, "investigating")
    assert moved.json["timestamps"]["acknowledged_at"] is not None
    assert [(h["from_status"], h["to_status"]) for h in moved.json["status_history"]] == [
        (None, "triage"),
        ("triage", "investigating"),
    ]
    assert moved.json["status_history"][-1]["actor"] == "sre"
    changed = await door.patch(
        f"/incidents/{id}", {"notes": "second", "severity": None, "metadata": {"x": "y"}, "assignee": "ann"}
    )
    assert (changed.json["notes"], changed.json["metadata"], changed.json["assignee"]) == ("second", {"x": "y"}, "ann")
    assert changed.json["severity_forced"] is False

    resolved = await door.patch(f"/incidents/{id}", {"status": "resolved", "reason": "it was practice"})
    assert (resolved.json["status"], resolved.json["resolved_reason"]) == ("resolved", "ManualOverride")
    assert id in [i["id"] for i in (await door.get("/incidents/resolved")).json]
    assert (await door.post(f"/incidents/{id}/reopen")).json["status"] == "investigating"
    assert (await door.delete(f"/incidents/{id}")).status == 204
    assert (await door.get(f"/incidents/{id}")).code == "not-found"
    assert (await door.delete(f"/incidents/{id}")).code == "not-found"


async def test_what_people_ask_of_an_incident(door: Door) -> None:
    one, other = await door.report(), await door.report()
    seen = await door.post(f"/incidents/{one['id']}/acknowledge", {"reason": "on it"})
    assert seen.json["timestamps"]["acknowledged_at"] is not None
    assert (await door.post(f"/incidents/{one['id']}/assign", {"assignee": "bob"})).json["assignee"] == "bob"
    merged = await door.post(f"/incidents/{one['id']}/merge", {"into": other["id"]})
    assert (merged.json["status"], merged.json["merged_into"]) == ("resolved", other["name"])
    again = await door.post(f"/incidents/{one['id']}/merge", {"into": other["id"]})
    assert (again.status, again.code, again.json["reason"]) == (409, "request-refused", "AlreadyResolved")
    assert again.json["current"]["id"] == one["id"]
    closed = await door.post(f"/incidents/{other['id']}/false-alarm", {"reason": "a test"})
    assert closed.json["resolved_reason"] == "FalseAlarm"
    for made in (one, other):
        await door.delete(f"/incidents/{made['id']}")


async def test_a_write_of_what_was_read_too_long_ago_changes_nothing_and_shows_what_is(door: Door) -> None:
    made = await door.report(notes="mine")
    first = await door.get(f"/incidents/{made['id']}")
    await door.patch(f"/incidents/{made['id']}/notes", {"notes": "theirs"})
    stale = await door.patch(
        f"/incidents/{made['id']}/notes", {"notes": "mine again"}, headers={"If-Match": first.headers["ETag"]}
    )
    assert (stale.status, stale.code, stale.json["current"]["notes"]) == (409, "stale-write", "theirs")
    for nonsense in ("0", '"0"', "null", '"999999999999999999999999"', "-1"):
        refused = await door.patch(f"/incidents/{made['id']}/notes", {"notes": "x"}, headers={"If-Match": nonsense})
        assert refused.code == "stale-write", nonsense

    async def settled() -> bool:
        """The operator numbers it meanwhile; read what is, then write."""
        tag = (await door.get(f"/incidents/{made['id']}")).headers["ETag"]
        fresh = await door.patch(f"/incidents/{made['id']}/notes", {"notes": "now"}, headers={"If-Match": tag})
        return fresh.status == 200

    await eventually(settled, "a write with the ETag of now", 10)
    await door.delete(f"/incidents/{made['id']}")


async def test_a_change_that_is_refused_changes_nothing(door: Door) -> None:
    made = await door.report()
    await door.patch(f"/incidents/{made['id']}/status", {"status": "resolved", "reason": "over"})
    refused = await door.patch(f"/incidents/{made['id']}", {"status": "triage", "notes": "half of it"})
    assert refused.code == "request-refused"
    assert (await door.get(f"/incidents/{made['id']}")).json["notes"] == ""
    await door.delete(f"/incidents/{made['id']}")


async def test_several_who_move_an_incident_at_once_all_get_an_answer(door: Door) -> None:
    made = await door.report()
    asked = [door.post(f"/incidents/{made['id']}/acknowledge", {"reason": str(number)}) for number in range(8)]
    answers = await asyncio.gather(*asked)
    assert [answer.status for answer in answers] == [200] * 8
    story = (await door.get(f"/incidents/{made['id']}")).json["timeline"]
    assert sorted(entry["detail"] for entry in story if entry["type"] == "Acknowledged") == [*"01234567"]
    await door.delete(f"/incidents/{made['id']}")


async def test_lists_are_filtered_sorted_paged_and_fresh(door: Door) -> None:
    team = f"team-{uuid.uuid4().hex[:8]}"
    made = [await door.report(team=team, severity=f"P{n % 4}", message=f"Needle {n}") for n in range(5)]
    listed = await door.get(f"/incidents?team={team}&sort=created_at")
    assert {i["id"] for i in listed.json} == {m["id"] for m in made}
    assert listed.headers["X-Total-Count"] == "5"
    assert listed.headers["Incidentsim-Fresh"] == "true"
    assert float(listed.headers["Incidentsim-Age"]) < 120
    assert [i["message"] for i in (await door.get(f"/incidents?team={team}&q=nEEdle 3")).json] == ["Needle 3"]
    assert len((await door.get(f"/incidents?team={team}&severity=P0&severity=P1")).json) == 3
    assert (await door.get(f"/incidents?team={team}&status=fixing")).json == []

    path, found = f"/incidents?team={team}&limit=2", []
    while path:
        page = await door.get(path)
        found += [i["id"] for i in page.json]
        link = page.headers.get("Link", "")
        path = link[link.index("/incidents") : link.index(">")] if link else ""
    assert sorted(found) == sorted(m["id"] for m in made)
    assert (await door.get("/incidents?after=nonsense")).code == "no-such-page"
    for m in made:
        await door.delete(f"/incidents/{m['id']}")


async def test_a_list_that_did_not_change_is_not_sent_again(door: Door) -> None:
    made = await door.report(notes="x" * 2000)

    async def numbered() -> bool:
        return bool((await door.get(f"/incidents/{made['id']}")).json["number"])

    await eventually(numbered, "the operator's writes", 10)
    path = "/incidents?assignee="
    first = await door.get(path)
    again = await door.get(path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status, again.body) == (304, b"")
    packed = await door.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == first.body
    await door.patch(f"/incidents/{made['id']}/notes", {"notes": "y"})
    changed = await door.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    await door.delete(f"/incidents/{made['id']}")
    after = await door.get(path, headers={"If-None-Match": changed.headers["ETag"]})
    assert made["id"] not in [i["id"] for i in orjson.loads(after.body)]


async def test_reset_removes_what_is_there(door: Door) -> None:
    for _ in range(3):
        await door.report()
    answer = await door.post("/incidents/reset")
    assert answer.json["deleted"] >= 3

    async def empty() -> bool:
        return (await door.get("/incidents")).json == []

    await eventually(empty, "an empty board", 10)


async def test_practice_incidents_on_demand_and_at_intervals(door: Door) -> None:
    made = await door.post("/generate-incident", {"template": "disk-low"})
    assert (made.status, made.json["incident_type"], made.json["metadata"]["template"]) == (
        201,
        "synthetic",
        "disk-low",
    )
    assert made.json["number"]
    unknown = await door.post("/generate-incident", {"template": "no-such-template"})
    assert unknown.code == "request-refused"
    assert "disk-low" in unknown.json["detail"]
    several = await asyncio.gather(*(door.post("/generate-incident") for _ in range(4)))
    assert len({answer.json["id"] for answer in several}) == 4
    started = await door.post("/generator/start", {"min_interval_seconds": 600, "max_interval_seconds": 700})
    assert started.json["running"] is True
    wrong = await door.post("/generator/start", {"min_interval_seconds": 800})
    assert (wrong.status, wrong.code) == (422, "rejected-by-cluster")
    assert (await door.post("/generator/stop")).json["running"] is False
    assert (await door.get("/generator/status")).json["running"] is False


async def test_a_diagnosis_of_words_or_of_a_system_leaves_nothing(door: Door) -> None:
    before = {i["id"] for i in (await door.get("/incidents")).json}
    words = await door.post("/diagnose", {"message": "everything is slow"})
    assert (words.status, words.json["diagnosis_provider"]) == (200, "rules")
    system = await door.post("/diagnose", {"message": "writes are refused", "system": "redis-test"})
    assert (system.status, system.json["root_cause"]["fault_type"]) == (200, None)
    assert (await door.post("/diagnose", {"message": "x", "system": "no-such"})).code == "not-found"
    assert {i["id"] for i in (await door.get("/incidents")).json} == before
