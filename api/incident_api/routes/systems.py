"""Systems as they were last measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from incident_api.board.queries import Query as ListQuery
from incident_api.board.scope import Topic
from incident_api.board.views import SystemView
from incident_api.board.words import SystemStatusName
from incident_api.problems import Problem
from incident_api.routes.answers import card_response
from incident_api.routes.dependencies import EVERYWHERE, PartsDep, ViewerDep, problems
from incident_api.routes.incidents import LISTED
from incident_crds.base import Percent, Timestamp
from incident_crds.catalogue import SignalName

router = APIRouter(tags=["systems"], responses=EVERYWHERE)


class SignalHistory(BaseModel):
    """How the signals went lately."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    systems: dict[str, dict[SignalName, list[tuple[Timestamp, Percent | None]]]]
    """By the system's id and the signal, oldest first: when it was measured, and its health; null where it could not be
    known."""


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


@router.get("/systems/history")  # before the path below, which would take the word for an id
async def list_history(parts: PartsDep, viewer: ViewerDep) -> SignalHistory:
    """The last quarter of an hour of each signal, as this replica saw it: up to 240 points where its health changed."""
    if not viewer.scope.sees_some(Topic.SYSTEM):
        raise Problem("forbidden", f"you may not list {Topic.SYSTEM}: ask for the role incidentsim-viewer")
    return SignalHistory(systems=parts.mirror.history.read(viewer.scope, datetime.now(UTC)))


@router.get("/systems/{id}", response_model=SystemView, responses=problems("not-found", "ambiguous-name"))
async def get_system(
    parts: PartsDep,
    viewer: ViewerDep,
    id: Annotated[str, Path(description="The system's id or name.", max_length=253)],
) -> Response:
    """One system."""
    return card_response(parts.finder.find(Topic.SYSTEM, id, viewer.scope))
