"""When an object was last written, which is all that is kept of its managed fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from incident_crds.base import ObjectMeta
from incident_crds.client import ApiClient
from incident_crds.incident import Incident

from ..waiting import eventually
from .manifests import good, send

CREATED = "2026-01-31T12:00:00Z"


def entry(manager: str, **fields: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:title": {}}}, **fields}


def moment(minute: int) -> datetime:
    return datetime(2026, 1, 31, 12, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metadata", "updated_at"),
    [
        ({}, None),
        ({"creationTimestamp": CREATED}, moment(0)),
        ({"creationTimestamp": CREATED, "managedFields": []}, moment(0)),
        ({"creationTimestamp": CREATED, "managedFields": [entry("a"), entry("b", time=None)]}, moment(0)),
        (
            {
                "creationTimestamp": CREATED,
                "managedFields": [entry("a", time="2026-01-31T12:03:00Z"), entry("b", time="2026-01-31T12:02:00Z")],
            },
            moment(3),
        ),
    ],
)
def test_an_object_was_updated_when_anybody_wrote_it_last(
    metadata: dict[str, Any], updated_at: datetime | None
) -> None:
    assert ObjectMeta.model_validate(metadata).updated_at == updated_at


def test_managed_fields_are_never_sent_back() -> None:
    raw = good("Incident")
    raw["metadata"] |= {"managedFields": [entry("somebody", time=CREATED)]}
    incident = Incident.parse(raw)
    assert incident.metadata.last_written_at == moment(0)
    for sent in (incident.to_json(), incident.model_dump(), incident.model_dump_json(by_alias=True)):
        assert "managedFields" not in str(sent)
        assert "last_written_at" not in str(sent)
        assert "somebody" not in str(sent)
    assert incident.model_copy(deep=True).metadata.updated_at == moment(0)


async def test_a_real_server_tells_each_write(sre: ApiClient, admin: ApiClient, operator_client: ApiClient) -> None:
    created = Incident.parse(await send(sre, good("Incident", "written", incidentType="Training")))
    assert created.metadata.updated_at == created.metadata.creation_timestamp

    async def replaced() -> Incident:
        found = await sre.get(Incident, *created.key)
        found.spec.notes += "x"
        return await sre.replace(found)

    async def status_written() -> Incident:
        found = await sre.get(Incident, *created.key)
        status: dict[str, JsonValue] = {"status": {"occurrences": found.status.occurrences + 1}}
        return await operator_client.patch(Incident, *created.key, status, subresource="status")

    try:
        before = created
        for write in (replaced, status_written):
            before = await is_later(write, before)
        assert before.metadata.creation_timestamp == created.metadata.creation_timestamp
    finally:
        await admin.delete(Incident, *created.key)


async def is_later(write: Callable[[], Awaitable[Incident]], before: Incident) -> Incident:
    """The first result of writing it again and again that is of a later second."""
    known = before.metadata.updated_at
    assert known is not None

    async def look() -> Incident | None:
        written = await write()
        return written if written.metadata.updated_at and written.metadata.updated_at > known else None

    return await eventually(look, "a write of a later second", 10)
