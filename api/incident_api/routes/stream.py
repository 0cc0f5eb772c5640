"""The live stream: its two doors, and who is here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from incident_api.board.scope import Topic
from incident_api.problems import Problem
from incident_api.routes.bodies import Viewing
from incident_api.routes.dependencies import EVERYWHERE, WRITES, PartsDep, ViewerDep, problems
from incident_api.streaming.events import MEDIA_TYPE, EventStream

router = APIRouter(tags=["stream"], responses=EVERYWHERE)

_EVENT = {
    "type": "object",
    "description": "One event.",
    "required": ["data"],
    "properties": {
        "id": {"type": "string", "description": "The position to resume from."},
        "data": {"type": "string", "description": "An Envelope as JSON.", "contentMediaType": "application/json"},
        "event": {"type": "string"},
        "retry": {"type": "integer", "description": "Milliseconds after which to come back."},
    },
}


@router.get(
    "/events",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: each data line is an envelope {v, seq, type, ts, data}.",
            "content": {MEDIA_TYPE: {"schema": _EVENT}},
        },
        **problems("too-many-streams"),
    },
)
async def follow_events(
    parts: PartsDep,
    viewer: ViewerDep,
    seq: Annotated[str, Query(max_length=60, description="Position to resume from.")] = "",
    last_event_id: Annotated[str | None, Header(max_length=60, description="As browsers send it.")] = None,
) -> Response:
    """Everything that you may see, then every change of it, until you leave."""
    return EventStream(parts.hub, viewer, last_event_id or seq)


@router.put("/presence", status_code=204, responses={**WRITES, **problems("not-found")})
async def show_presence(parts: PartsDep, viewer: ViewerDep, body: Viewing) -> Response:
    """Tell the others which incident you look at; for boards that follow /events."""
    viewing = None
    if body.incident is not None:
        card = parts.finder.find(Topic.INCIDENT, body.incident, viewer.scope)
        viewing = (card.namespace, card.id, card.number)
    if not parts.hub.is_of(body.connection, viewer) or not parts.hub.presence.view(body.connection, viewing):
        raise Problem("not-found", "there is no such connection of yours here: follow /events first")
    return Response(status_code=204)
