"""The kill switch is turned in one's own name, by those who may, and followed by the API alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.access import API_GROUP, APPROVERS_GROUP, KILL_SWITCH, VIEWERS_GROUP
from incident_crds.client import MERGE_PATCH, ApiClient, raw_path
from incident_crds.errors import Forbidden, NotFound
from incident_crds.manifests import PLURALS, admission_policies

from ..waiting import eventually
from .conftest import MANAGER, may

SYSTEM = "incidentsim-system"
MAPS = raw_path("v1", "configmaps", SYSTEM)
PATH = f"{MAPS}/{KILL_SWITCH}"
STAMP = "incidentsim-kill-switch-stamp"


@pytest_asyncio.fixture(autouse=True)
async def left_off(admin: ApiClient) -> AsyncIterator[None]:
    yield
    with suppress(NotFound):
        await admin.request("DELETE", PATH)


async def create(client: ApiClient, name: str = KILL_SWITCH, **data: str) -> dict[str, Any]:
    made = await client.request("POST", MAPS, body={"metadata": {"name": name}, "data": data})
    return dict(made["data"])


async def change(client: ApiClient, body: dict[str, Any]) -> dict[str, Any]:
    return await client.request("PATCH", PATH, body=body, content_type=MERGE_PATCH)


async def test_the_name_is_the_users_own(sre: ApiClient, admin: ApiClient) -> None:
    assert await create(sre, reason="outage") == {"reason": "outage", "by": "sre"}
    forged = await change(sre, {"data": {"reason": "other", "by": "viewer"}})
    assert forged["data"] == {"reason": "other", "by": "sre"}
    labelled = await change(admin, {"metadata": {"labels": {"team": "blue"}}})
    assert labelled["data"]["by"] == "sre"
    assert (await change(admin, {"data": {"enabled": "false"}}))["data"]["by"] == "admin"
    assert (await change(sre, {"data": None}))["data"] == {"by": "sre"}


async def test_other_config_maps_are_left_alone(operator_client: ApiClient, admin: ApiClient) -> None:
    assert await create(operator_client, "not-the-switch", incidents="7") == {"incidents": "7"}
    await admin.request("DELETE", f"{MAPS}/not-the-switch")
    elsewhere = raw_path("v1", "configmaps", "default")
    made = await admin.request("POST", elsewhere, body={"metadata": {"name": KILL_SWITCH}, "data": {"by": "x"}})
    assert made["data"] == {"by": "x"}
    await admin.request("DELETE", f"{elsewhere}/{KILL_SWITCH}")


async def test_viewers_are_refused(viewer: ApiClient) -> None:
    with pytest.raises(Forbidden, match='User "viewer" cannot create resource "configmaps"'):
        await create(viewer, reason="no")


async def test_where_the_server_cannot_stamp_the_name_has_to_be_given(sre: ApiClient, admin: ApiClient) -> None:
    """Servers before 1.36, which is this one with the stamp unbound."""
    binding = next(
        item
        for item in admission_policies(can_stamp=True)
        if item["kind"] == "MutatingAdmissionPolicyBinding" and item["metadata"]["name"] == STAMP
    )

    async def is_stamped() -> bool:
        try:
            await sre.request("POST", MAPS, query={"dryRun": "All"}, body={"metadata": {"name": KILL_SWITCH}})
        except Forbidden:
            return False
        return True

    async def is_not_stamped() -> bool:
        return not await is_stamped()

    await admin.request("DELETE", raw_path(binding["apiVersion"], PLURALS[binding["kind"]], name=STAMP))
    try:
        await eventually(is_not_stamped, "the stamp is unbound", 20)
        for data in ({"reason": "outage"}, {"reason": "outage", "by": "admin"}):
            with pytest.raises(Forbidden, match="the kill switch is turned in your own name: set by=sre in its data"):
                await create(sre, **data)
        assert await create(sre, by="sre") == {"by": "sre"}
        assert (await change(admin, {"metadata": {"labels": {"team": "blue"}}}))["data"] == {"by": "sre"}
    finally:
        with suppress(NotFound):
            await admin.request("DELETE", PATH)
        await admin.apply(binding, plural=PLURALS[binding["kind"]], field_manager=MANAGER)
        await eventually(is_stamped, "the stamp is bound again", 20)


async def test_who_may_see_and_turn_it(admin: ApiClient) -> None:
    async def allowed(group: str, verb: str, name: str = KILL_SWITCH) -> bool:
        return await may(admin, "x", verb, "configmaps", groups=(group,), group="", namespace=SYSTEM, name=name)

    for verb in ("list", "watch"):
        assert await allowed(API_GROUP, verb)
    for verb in ("get", "list", "watch"):
        assert not await allowed(API_GROUP, verb, "incidentsim-counter")
        assert not await allowed(API_GROUP, verb, "")
        assert not await allowed(VIEWERS_GROUP, verb)
    for verb in ("update", "patch", "delete", "create"):
        assert not await allowed(API_GROUP, verb)
        assert await allowed(APPROVERS_GROUP, verb)
