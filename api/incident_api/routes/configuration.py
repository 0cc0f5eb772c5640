"""What a board has to know before anybody signs in."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from incident_api.board.words import IncidentStatusName
from incident_api.routes.bodies import PHASES
from incident_api.routes.dependencies import PartsDep
from incident_crds import __version__
from incident_crds.catalogue import Severity
from incident_crds.incident import MOVES

router = APIRouter(tags=["board"])


class ServiceLevel(BaseModel):
    """How long an incident may take."""

    acknowledge_seconds: int
    resolve_seconds: int


class BoardConfiguration(BaseModel):
    """How this simulator presents itself."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    title: str
    """Name of this simulator."""
    version: str
    """Version of the API."""
    namespace: str
    """Where things are made when a request names no namespace."""
    sla: dict[Severity, ServiceLevel]
    """By severity, from when an incident was detected."""
    moves: dict[IncidentStatusName, list[IncidentStatusName]]
    """To which columns an incident may go from each."""


@router.get("/board")
async def get_board(parts: PartsDep) -> BoardConfiguration:
    """What a board has to know before anybody signs in."""
    settings = parts.settings
    levels = {
        severity: ServiceLevel(acknowledge_seconds=60 * level.acknowledge, resolve_seconds=60 * level.resolve)
        for severity, level in settings.service_levels().items()
    }
    moves = {name: [other for other in PHASES if PHASES[other] in MOVES[phase]] for name, phase in PHASES.items()}
    return BoardConfiguration(
        title=settings.title, version=__version__, namespace=settings.namespace, sla=levels, moves=moves
    )
