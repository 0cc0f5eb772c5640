"""Who may do what: the cluster's own rights, through every door of the API."""

from __future__ import annotations

import pytest

from incident_crds.client import ApiClient

from ..conftest import NAMESPACE, ApiProcess, Stack
from ..crds.conftest import service_account
from ..waiting import eventually
from .door import Door

READS = (
    "/incidents",
    "/incidents/resolved",
    "/plans",
    "/experiments",
    "/systems",
    "/systems/history",
    "/generator/status",
    "/kill-switch",
    "/scenarios",
    "/game-days",
    "/session",
    "/events",
    "//status",
)


@pytest.mark.parametrize("path", READS)
async def test_nobody_reads_without_a_token_that_the_cluster_accepts(running: ApiProcess, path: str) -> None:
    async with Door(running.url) as stranger, Door(running.url, "no-such-token") as foreign:
        assert (await stranger.get(path)).code == "not-signed-in"
        refused = await foreign.get(path)
        assert refused.code == "token-refused"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_viewer_reads_and_writes_nothing(door: Door, viewer_door: Door) -> None:
    made = await door.report()
    path = f"/incidents/{made['id']}"
    assert (await viewer_door.get(path)).json["id"] == made["id"]
    assert (await viewer_door.get("//status")).status == 200
    writes = [
        await viewer_door.post("/incidents", {"message": "x"}),
        await viewer_door.patch(f"{path}/notes", {"notes": "x"}),
        await viewer_door.patch(f"{path}/status", {"status": "resolved"}),
        await viewer_door.post(f"{path}/acknowledge"),
        await viewer_door.post(f"{path}/analyze"),
        await viewer_door.post(f"/agent/analyze/{made['id']}"),
        await viewer_door.post("/diagnose", {"message": "x"}),
        await viewer_door.delete(path),
        await viewer_door.post("/incidents/reset"),
        await viewer_door.post("/experiments", {"scenario": "redis-memory"}),
        await viewer_door.post("//trigger/redis-memory"),
        await viewer_door.post("//clear/redis"),
        await viewer_door.post("/generate-incident"),
        await viewer_door.post("/generator/start"),
        await viewer_door.send("PUT", "/kill-switch", {"reason": "x"}),
        await viewer_door.delete("/kill-switch"),
    ]
    assert [answer.code for answer in writes] == ["forbidden"] * len(writes)
    assert (await door.get(path)).json["notes"] == ""
    assert (await viewer_door.get("/experiments")).json == (await door.get("/experiments")).json
    session = (await viewer_door.get("/session")).json
    assert session["user"] == "viewer"
    assert {name for name, yes in session["may"].items() if yes} == {"read_incidents", "read_experiments"}
    await door.delete(path)


async def test_who_has_no_role_sees_nothing(running: ApiProcess, stack: Stack, admin: ApiClient, door: Door) -> None:
    """Known to the cluster, and allowed nothing: not even to learn that something is there."""
    made = await door.report()
    async with (
        service_account(stack, admin, "nobody", "system:discovery", may_list=False) as client,
        Door(running.url, client._config.current_token()) as nobody,
    ):
        assert (await nobody.get("/session")).json["may"] == dict.fromkeys(
            (await door.get("/session")).json["may"], False
        )
        for path in (
            "/incidents",
            f"/incidents/{made['id']}",
            "/plans",
            "/game-days",
            "/systems",
            "/systems/history",
            "//status",
            "/generator/status",
        ):
            assert (await nobody.get(path)).code == "forbidden", path
        assert (await nobody.post("/incidents", {"message": "x"})).code == "forbidden"
        stream = await nobody.stream()
        snapshot = await stream.until("snapshot")
        assert [snapshot["data"][kind] for kind in ("incidents", "plans", "experiments", "systems")] == [[]] * 4
        await stream.close()
    await door.delete(f"/incidents/{made['id']}")


async def test_an_agent_never_sees_what_was_injected(
    running: ApiProcess, stack: Stack, admin: ApiClient, door: Door
) -> None:
    made = await door.report()
    async with (
        service_account(stack, admin, "board-agent", "incidentsim-agent") as client,
        Door(running.url, client._config.current_token()) as agent,
    ):
        assert made["id"] in [i["id"] for i in (await agent.get("/incidents")).json]
        assert (await agent.get(f"/incidents?namespace={NAMESPACE}")).status == 200
        for path in ("/experiments", "/experiments/any", "/game-days", f"/game-days?namespace={NAMESPACE}"):
            assert (await agent.get(path)).code == "forbidden"
        control = {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": "None"}}
        truth = (await door.post("/experiments", {"spec": control})).json["name"]
        for path in ("/incidents/reset", "//clear/redis", "/experiments"):
            refused = await agent.post(path, {"scenario": "redis-memory"} if path == "/experiments" else None)
            assert refused.code == "forbidden"
            assert truth not in refused.json["detail"]
        await door.post(f"/experiments/{truth}/abort")
        stream = await agent.stream()
        snapshot = await stream.until("snapshot")
        assert snapshot["data"]["experiments"] == []
        assert snapshot["data"]["incidents"] != []
        await stream.close()
    await door.delete(f"/incidents/{made['id']}")


async def test_what_is_in_a_namespace_of_others_is_not_there(
    running: ApiProcess, stack: Stack, admin: ApiClient
) -> None:
    """The role holds in one namespace only; the other namespace's incidents are in no list, stream or URL."""
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "others"}}
    await admin.apply(other, plural="namespaces", field_manager="tests")
    async with (
        Door(running.url, (stack.state / "secrets" / "admin.token").read_text()) as all_seeing,
        service_account(stack, admin, "tenant", "incidentsim-viewer") as client,
        Door(running.url, client._config.current_token()) as tenant,
    ):
        ours, theirs = await all_seeing.report(), await all_seeing.report(namespace="others")

        async def listed() -> bool:
            found = {i["id"] for i in (await tenant.get("/incidents")).json}
            assert theirs["id"] not in found
            return ours["id"] in found

        await eventually(listed, "the own incident in the list", 10)
        for path in (f"/incidents/{theirs['id']}", f"/incidents/{theirs['name']}"):
            assert (await tenant.get(path)).code == "not-found"
        stream = await tenant.stream()
        shown = {i["id"] for i in (await stream.until("snapshot"))["data"]["incidents"]}
        assert theirs["id"] not in shown
        assert ours["id"] in shown
        await stream.until("notice", code="synced")
        await all_seeing.patch(f"/incidents/{theirs['id']}/notes", {"notes": "secret"})
        await all_seeing.patch(f"/incidents/{ours['id']}/notes", {"notes": "open"})
        assert (await stream.until("incident.upsert"))["data"]["id"] == ours["id"]
        await stream.close()
        for made in (ours, theirs):
            await all_seeing.delete(f"/incidents/{made['id']}")


async def test_tokens_that_are_no_tokens(running: ApiProcess) -> None:
    async with Door(running.url) as stranger:
        for header in ("Bearer", "Bearer ", "Bearer a b", "Bearer " + "x" * 20_000, "Basic c3JlOg==", "Bearer \xe9"):
            answer = await stranger.get("/session", headers={"Authorization": header})
            assert answer.status == 401, header
