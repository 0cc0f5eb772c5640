"""What people ask of an incident besides moving it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from incident_api.board.scope import Topic
from incident_api.board.views import IncidentView
from incident_api.routes.answers import object_response
from incident_api.routes.bodies import Assignment, Merge, Reason
from incident_api.routes.dependencies import EVERYWHERE, IfMatch, IncidentId, PartsDep, ViewerDep
from incident_api.routes.incidents import WRITTEN
from incident_crds.incident import RequestAction

router = APIRouter(tags=["incidents"], responses=EVERYWHERE)


@router.post("/incidents/{id}/acknowledge", response_model=IncidentView, responses=WRITTEN)
async def acknowledge(parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Reason | None = None) -> Response:
    """Say that somebody is on it: the time to acknowledge ends."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    reason = body.reason if body else ""
    return object_response(await parts.incidents.ask_outcome(viewer, card, RequestAction.ACKNOWLEDGE, reason=reason))


@router.post("/incidents/{id}/assign", response_model=IncidentView, responses=WRITTEN)
async def assign(
    parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Assignment, if_match: IfMatch = None
) -> Response:
    """Give it to a person."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    return object_response(await parts.incidents.edit(viewer, card, {"assignee": body.assignee}, if_match=if_match))


@router.post("/incidents/{id}/merge", response_model=IncidentView, responses=WRITTEN)
async def merge(parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Merge) -> Response:
    """Resolve it in favour of another that goes on."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    other = parts.finder.find(Topic.INCIDENT, body.into, viewer.scope)
    return object_response(
        await parts.incidents.ask_outcome(viewer, card, RequestAction.MERGE, mergeInto=other.name, reason=body.reason)
    )


@router.post("/incidents/{id}/false-alarm", response_model=IncidentView, responses=WRITTEN)
async def false_alarm(parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Reason | None = None) -> Response:
    """Resolve it as no incident at all."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    reason = body.reason if body else ""
    return object_response(await parts.incidents.ask_outcome(viewer, card, RequestAction.FALSE_ALARM, reason=reason))


@router.post("/incidents/{id}/reopen", response_model=IncidentView, responses=WRITTEN)
async def reopen(parts: PartsDep, viewer: ViewerDep, id: IncidentId, body: Reason | None = None) -> Response:
    """Open a resolved incident again."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    reason = body.reason if body else ""
    return object_response(await parts.incidents.ask_outcome(viewer, card, RequestAction.REOPEN, reason=reason))
