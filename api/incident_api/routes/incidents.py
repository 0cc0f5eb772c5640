"""Incidents: create, list, read, change, delete."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, JsonValue
from starlette.responses import Response

from incident_api.access.gate import Viewer
from incident_api.board.cards import Card
from incident_api.board.projection import execution_view, incident_detail
from incident_api.board.queries import Query as ListQuery
from incident_api.board.queries import Sort
from incident_api.board.scope import Topic
from incident_api.board.views import IncidentDetail, IncidentView
from incident_api.board.words import IncidentStatusName, IncidentTypeName
from incident_api.cluster.reviews import Permission
from incident_api.lists import is_known
from incident_api.problems import busy
from incident_api.routes.answers import object_response
from incident_api.routes.bodies import PHASES, IncidentChanges, NewIncident, Notes, StatusChange
from incident_api.routes.dependencies import (
    EVERYWHERE,
    WRITES,
    IfMatch,
    IncidentId,
    Namespace,
    Parts,
    PartsDep,
    ViewerDep,
    problems,
)
from incident_api.writes.answers import Outcome
from incident_crds.catalogue import Severity
from incident_crds.incident import Incident, RequestAction

router = APIRouter(tags=["incidents"], responses=EVERYWHERE)

READ_SECONDS = 6.0
"""How long a read of the cluster may take."""

Several = Annotated[list[str] | None, Query(max_length=20)]
WRITTEN = {
    **WRITES,
    **problems("not-found", "ambiguous-name", "conflict", "request-refused", "stale-write"),
    202: {"model": IncidentView, "description": "Written; the operator has not acted on it yet."},
}
LISTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The incidents, with an ETag, X-Total-Count, a Link to the next page, and how fresh they are.",
    },
    304: {"description": "Nothing changed since the ETag in If-None-Match."},
    **problems("no-such-page"),
}


class ResetResult(BaseModel):
    """What a reset removed."""

    deleted: int
    aborted: int


def read_query(
    severity: Annotated[list[Severity] | None, Query(description="One or several.")] = None,
    team: Several = None,
    assignee: Several = None,
    system: Annotated[list[str] | None, Query(max_length=20, description="Affected systems; one is enough.")] = None,
    type: Annotated[list[IncidentTypeName] | None, Query()] = None,
    namespace: Several = None,
    q: Annotated[
        str, Query(max_length=200, description="Text in number, message, description, source, notes, people, systems.")
    ] = "",
    sort: Annotated[Sort, Query(description="A leading minus is descending.")] = Sort.NEWEST,
    limit: Annotated[int | None, Query(ge=1, le=1000, description="Page size; all on one page when left out.")] = None,
    after: Annotated[str, Query(max_length=400, description="Cursor of the page before, from its Link header.")] = "",
) -> ListQuery:
    """Filters, order and page of a list of incidents."""
    return ListQuery(
        severity=frozenset(severity or ()),
        team=frozenset(team or ()),
        assignee=frozenset(assignee or ()),
        system=frozenset(system or ()),
        incident_type=frozenset(type or ()),
        namespace=frozenset(namespace or ()),
        text=q.lower(),
        sort=sort,
        limit=limit,
        after=after,
    )


QueryDep = Annotated[ListQuery, Depends(read_query)]


@router.get("/incidents", response_model=list[IncidentView], responses=LISTED)
async def list_incidents(
    request: Request,
    parts: PartsDep,
    viewer: ViewerDep,
    query: QueryDep,
    status: Annotated[list[IncidentStatusName] | None, Query(description="One or several.")] = None,
) -> Response:
    """Every incident that you may see, as the cluster is; newest first."""
    wanted = replace(query, status=frozenset(status or ()))
    return await parts.lists.answer(request, Topic.INCIDENT, viewer.scope, wanted)


@router.get("/incidents/resolved", response_model=list[IncidentView], responses=LISTED)
async def list_resolved(request: Request, parts: PartsDep, viewer: ViewerDep, query: QueryDep) -> Response:
    """The incidents that are over."""
    wanted = replace(query, status=frozenset({IncidentStatusName.RESOLVED}))
    return await parts.lists.answer(request, Topic.INCIDENT, viewer.scope, wanted)


@router.post(
    "/incidents",
    status_code=201,
    response_model=IncidentView,
    responses={**WRITES, **problems("not-found")},
)
async def create_incident(parts: PartsDep, viewer: ViewerDep, body: NewIncident) -> Response:
    """Report an incident. The operator numbers it, and diagnoses it where it is about a real system."""
    namespace = body.namespace or parts.settings.namespace
    outcome = await parts.incidents.create(viewer, namespace, body.to_spec(viewer.identity.user))
    return object_response(outcome, 201)


@router.post("/incidents/reset", responses={**WRITES, **problems("not-found")})
async def reset_incidents(parts: PartsDep, viewer: ViewerDep, namespace: Namespace = None) -> ResetResult:
    """Begin anew: stop the running experiments of a namespace, and delete all of its incidents."""
    place = namespace or parts.settings.namespace
    for permission in (Permission("delete", Topic.INCIDENT, place), Permission("patch", Topic.EXPERIMENT, place)):
        await parts.require(viewer, permission)  # before anything is named that may not be seen
    aborted = await parts.experiments.abort_all(viewer, parts.experiments.cards(place))
    return ResetResult(deleted=await parts.incidents.reset(viewer, place), aborted=len(aborted))


@router.get(
    "/incidents/{id}",
    response_model=IncidentDetail,
    responses={
        304: {"description": "It is as your ETag says."},
        **problems("not-found", "ambiguous-name"),
    },
)
async def get_incident(request: Request, parts: PartsDep, viewer: ViewerDep, id: IncidentId) -> Response:
    """One incident with its timeline, its evidence and its plans, read from the cluster with your own rights."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    try:
        async with asyncio.timeout(READ_SECONDS):
            incident = await parts.actors.acting_as(viewer.token).get(Incident, card.namespace, card.name)
    except TimeoutError:
        raise busy("cluster-unavailable", "the Kubernetes API server does not answer; lists still do", 2) from None
    plans = parts.mirror.plans_of(incident.key) if viewer.scope.sees(Topic.PLAN, card.namespace) else []
    newest = max((int(plan.metadata.resource_version) for plan in plans), default=0)
    # If-Match looks at the part before the dot: a plan that changed makes no write of the incident stale
    headers = {"ETag": f'"{incident.metadata.resource_version}.{newest}"', "Cache-Control": "private, no-cache"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    executions = [execution_view(plan, incident.metadata.uid) for plan in plans]
    detail = incident_detail(incident, executions, _previous(parts, incident))
    return Response(detail.model_dump_json().encode(), 200, headers, "application/json")


def _previous(parts: Parts, incident: Incident) -> Incident | None:
    """The incident of the same system and signal before this one."""
    spec = incident.spec
    if spec.signal is None:
        return None
    earlier = [
        other
        for other in parts.mirror.incidents.objects.values()
        if other.metadata.namespace == incident.metadata.namespace
        and other.spec.signal == spec.signal
        and other.spec.affected_systems == spec.affected_systems
        and other.spec.breach_number < spec.breach_number
    ]
    return max(earlier, key=lambda other: other.spec.breach_number, default=None)


@router.patch("/incidents/{id}", response_model=IncidentView, responses=WRITTEN)
async def change_incident(
    parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: IncidentChanges, if_match: IfMatch = None
) -> Response:
    """Change what people may change, and move it. With If-Match only what you read is changed."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    changes = body.to_spec_changes()
    if body.metadata is not None:
        changes["metadata"] = {**_no_custom_fields(parts, card), **body.metadata}
    if body.status is None:
        return object_response(await parts.incidents.edit(viewer, card, changes, if_match=if_match))
    moved = await _move(parts, viewer, card, body.status, body.reason, if_match)  # first: it may be refused
    if not changes:
        return object_response(moved)
    edited = await parts.incidents.edit(viewer, card, changes, if_match=None)
    return object_response(replace(edited, is_done=moved.is_done))


def _no_custom_fields(parts: Parts, card: Card) -> dict[str, JsonValue]:
    """A merge patch keeps what it does not name."""
    incident = parts.mirror.incidents.objects.get((card.namespace, card.name))
    return dict.fromkeys(incident.spec.metadata if incident else (), None)


async def _move(
    parts: Parts,
    viewer: Viewer,
    card: Card,
    status: IncidentStatusName,
    reason: str,
    if_match: str | None = None,
) -> Outcome:
    return await parts.incidents.ask_outcome(
        viewer, card, RequestAction.MOVE, phase=PHASES[status].value, reason=reason, if_match=if_match
    )


@router.patch("/incidents/{id}/status", response_model=IncidentView, responses=WRITTEN)
async def move_incident(
    parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: StatusChange, if_match: IfMatch = None
) -> Response:
    """Move it to another column, by the one table of transitions that the operator keeps."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    return object_response(await _move(parts, viewer, card, body.status, body.reason, if_match=if_match))


@router.patch("/incidents/{id}/notes", response_model=IncidentView, responses=WRITTEN)
async def write_notes(
    parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Notes, if_match: IfMatch = None
) -> Response:
    """Replace the notes."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    return object_response(await parts.incidents.edit(viewer, card, {"notes": body.notes}, if_match=if_match))


@router.delete(
    "/incidents/{id}", status_code=204, responses={**WRITES, **problems("not-found", "ambiguous-name", "conflict")}
)
async def delete_incident(parts: PartsDep, viewer: ViewerDep, id: IncidentId) -> Response:
    """Delete it with its plans. Its number is not given again."""
    await parts.incidents.delete(viewer, parts.finder.find(Topic.INCIDENT, id, viewer.scope))
    return Response(status_code=204)
