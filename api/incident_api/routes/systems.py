"""Systems as they were last measured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from incident_api.board.queries import Query as ListQuery
from incident_api.board.scope import Topic
from incident_api.board.views import SystemView
from incident_api.board.words import SystemStatusName
from incident_api.routes.answers import card_response
from incident_api.routes.dependencies import EVERYWHERE, PartsDep, ViewerDep, problems
from incident_api.routes.incidents import LISTED

router = APIRouter(tags=["systems"], responses=EVERYWHERE)


@router.get("/systems", response_model=list[SystemView], responses=LISTED)
async def list_systems(
    request: Request,
    parts: PartsDep,
    viewer: ViewerDep,
    status: Annotated[list[SystemStatusName] | None, Query()] = None,
) -> Response:
    """Every system that you may see."""
    query = ListQuery(status=frozenset(status or ()))
    return await parts.lists.answer(request, Topic.SYSTEM, viewer.scope, query)


@router.get("/systems/{id}", response_model=SystemView, responses=problems("not-found", "ambiguous-name"))
async def get_system(
    parts: PartsDep,
    viewer: ViewerDep,
    id: Annotated[str, Path(description="The system's id or name.", max_length=253)],
) -> Response:
    """One system."""
    return card_response(parts.finder.find(Topic.SYSTEM, id, viewer.scope))
