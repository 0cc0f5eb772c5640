"""A drill through the API alone: break, watch, approve, healed and graded; and many who decide at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from pydantic import JsonValue

from incident_crds.base import APPROVE_ANNOTATION
from incident_crds.client import ApiClient
from incident_crds.remediationplan import PlanPhase, RemediationPlan

from ..conftest import NAMESPACE, Stack
from ..crds.conftest import issue_token, service_account, user_of
from ..loop.drive import VACUUMS, postgres_value
from ..waiting import eventually
from .door import Door


async def awaiting_plan(door: Door, experiment: str) -> dict[str, Any]:
    """The plan of the incident that the experiment opened, once it awaits approval."""

    async def look() -> dict[str, Any] | None:
        incidents = (await door.get(f"/experiments/{experiment}")).json["incidents"]
        if not incidents:
            return None
        plans = (await door.get(f"/incidents/{incidents[-1]}/agent/executions")).json
        found: dict[str, Any] | None = next((p for p in plans if p["status"] == "awaiting_approval"), None)
        return found

    return await eventually(look, "a plan that awaits approval", 40)


async def settled(door: Door) -> None:
    """Every system is well, and nothing runs."""

    async def look() -> bool:
        services = (await door.get("//status")).json["services"]
        systems = (await door.get("/systems")).json
        return all(s["status"] == "healthy" for s in services.values()) and not any(
            s["open_incidents"] for s in systems
        )

    await eventually(look, "healthy systems", 60)


async def test_twenty_who_approve_at_once_make_one_decision(door: Door, viewer_door: Door) -> None:
    await settled(door)
    begun = await door.post("//trigger/redis-memory")
    assert (begun.status, begun.json["scenario"]) == (201, "redis-memory")
    plan = await awaiting_plan(door, begun.json["id"])
    path = f"/agent/approve/{plan['id']}"
    assert (await viewer_door.post(path, {"plan_hash": plan["plan_hash"]})).code == "forbidden"
    wrong = await door.post(path, {"plan_hash": "0" * 64})
    assert (wrong.code, wrong.json["current"]["plan_hash"]) == ("wrong-plan-hash", plan["plan_hash"])
    assert (await door.post(path, {})).status == 422

    answers = await asyncio.gather(*(door.post(path, {"plan_hash": plan["plan_hash"]}) for _ in range(20)))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 19}
    assert {answer.code for answer in answers if answer.status == 409} <= {"already-decided", "conflict"}
    (won,) = (answer.json for answer in answers if answer.status == 200)
    assert (won["decision"]["by"], won["decision"]["via"], won["decision"]["approved"]) == ("sre", "api", True)
    late = await door.post(f"/agent/reject/{plan['id']}", {"plan_hash": plan["plan_hash"], "reason": "too late"})
    assert late.code == "already-decided"

    async def graded() -> dict[str, Any] | None:
        found: dict[str, Any] = (await door.get(f"/experiments/{begun.json['id']}")).json
        return found if found["grade"] else None

    experiment = await eventually(graded, "a grade", 60)
    assert experiment["grade"]["grade"]["passed"] is True
    assert (experiment["status"], experiment["healed_by"]) == ("recovered", "plan")
    detail = await door.get(f"/incidents/{plan['incident_id']}")  # its plan is newer than the incident itself
    noted = await door.patch(
        f"/incidents/{plan['incident_id']}/notes", {"notes": "done"}, headers={"If-Match": detail.headers["ETag"]}
    )
    assert noted.status == 200
    done = (await door.get(f"/agent/executions/{plan['id']}")).json
    assert (done["status"], len(done["executed_actions"])) == ("completed", len(done["recommended_actions"]))
    incident = (await door.get(f"/incidents/{experiment['incidents'][0]}")).json
    assert (incident["status"], incident["resolved_reason"]) == ("resolved", "Verified")
    assert incident["evidence"]["system"] == "redis-test"
    assert [e["id"] for e in incident["executions"]] == [plan["id"]]
    assert {"Diagnosed"} <= {entry["type"] for entry in incident["timeline"]}


async def test_a_rejected_plan_calls_a_person_and_an_aborted_drill_ends(door: Door) -> None:
    await settled(door)
    spec = {
        "target": {"systemRef": {"name": "disk-monitor"}},
        "fault": {"type": "DiskFill", "diskFill": {"fillPercent": 90}},
        "durationSeconds": 300,
    }
    begun = await door.post("/experiments", {"spec": spec})
    assert begun.status == 201
    plan = await awaiting_plan(door, begun.json["id"])
    answer = await door.post(
        f"/agent/reject/{plan['name']}", {"plan_hash": plan["plan_hash"], "reason": "look by hand first"}
    )
    assert (answer.status, answer.json["status"]) == (200, "rejected")
    assert answer.json["decision"]["reason"] == "look by hand first"

    async def escalated() -> str | None:
        reason: str | None = (await door.get(f"/incidents/{plan['incident_id']}")).json["escalated"]
        return reason

    assert "rejected" in await eventually(escalated, "a person to be called", 10)
    another = await door.post(f"/agent/analyze/{plan['incident_id']}")
    assert (another.status, another.json["attempt"]) == (201, plan["attempt"] + 1)
    cleared = await door.post("//clear/disk")
    assert cleared.json["aborted"] == [begun.json["name"]]

    async def over() -> bool:
        return (await door.get(f"/experiments/{begun.json['id']}")).json["status"] == "aborted"

    await eventually(over, "the fault to be undone", 20)
    again = await door.post(f"/experiments/{begun.json['id']}/abort")
    assert (again.status, again.json["status"]) == (200, "aborted")
    await settled(door)


async def test_approvals_through_different_doors_at_once_make_one_decision(
    door: Door, stack: Stack, admin: ApiClient, sre: ApiClient
) -> None:
    """As kubectl writes them and through the API, by two people; counted by Postgres itself."""
    await settled(door)
    begun = await door.post("//trigger/postgres-bloat")
    plan = await awaiting_plan(door, begun.json["id"])
    name, hash, path = plan["name"], plan["plan_hash"], f"/agent/approve/{plan['id']}"
    async with service_account(stack, admin, "second-approver", "incidentsim-approver") as second:
        token = await issue_token(admin, "second-approver")
        async with Door(door.url, token) as their_door:
            annotation: dict[str, JsonValue] = {"metadata": {"annotations": {APPROVE_ANNOTATION: hash}}}
            doors = (door, their_door)
            asked = [each.post(path, {"plan_hash": hash}) for each in doors for _ in range(5)]
            written = [each.patch(RemediationPlan, NAMESPACE, name, annotation) for each in (sre, second) * 5]
            answers, _ = await asyncio.gather(asyncio.gather(*asked), asyncio.gather(*written))
    assert Counter(a.status for a in answers)[200] <= 1
    assert {a.code for a in answers if a.status != 200} <= {"already-decided", "conflict"}

    async def reached(phase: PlanPhase) -> RemediationPlan | None:
        found = await sre.get(RemediationPlan, NAMESPACE, name)
        return found if found.status.phase is phase else None

    running = await eventually(lambda: reached(PlanPhase.VERIFYING), "its actions being over")
    table = str(running.spec.actions[0].params.table)
    assert await postgres_value(stack, VACUUMS, table) == 1  # while the recovery is proven: then the table goes
    done = await eventually(lambda: reached(PlanPhase.SUCCEEDED), "the plan's success")
    assert done.status.decision is not None
    assert done.status.decision.by in ("sre", user_of("second-approver"))
    assert len(done.status.action_results) == len(done.spec.actions)
    await settled(door)
