"""Whether the process lives, whether it is in step with the cluster, and its metrics. They need no sign-in."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, PlainTextResponse, Response

from incident_api.metrics import REGISTRY, refresh_gauges
from incident_api.routes.dependencies import PartsDep

root = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: str


class WatchState(BaseModel):
    """How well one kind is followed."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    resource: str
    synced: bool
    """It was listed: what is not here does not exist."""
    last_event_age_seconds: float | None
    """Time since the API server was last heard of, bookmarks included."""
    relists: int
    """Lists taken after the first."""
    problem: str
    """Why it cannot be followed just now."""


class Readiness(BaseModel):
    """Whether boards can be served."""

    ready: bool
    streams: int
    """Boards that are open here."""
    watches: list[WatchState]


@router.get("/health")
async def health() -> Health:
    """The process answers."""
    return Health(status="ok")


@root.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """The process answers."""
    return "ok\n"


@root.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not all kinds are listed yet, or it is ending."}},
)
async def readyz(parts: PartsDep) -> Response:
    """Whether every kind is listed, and how fresh each is. Who lost the API server still serves what it knows."""
    ready = parts.mirror.is_synced and not parts.hub.is_closing
    state = Readiness(
        ready=ready,
        streams=len(parts.hub.followers),
        watches=[
            WatchState(
                resource=name,
                synced=watcher.synced,
                last_event_age_seconds=None
                if (age := watcher.last_event_age()) is None
                else round(age.total_seconds(), 3),
                relists=watcher.relists_total,
                problem=watcher.problem,
            )
            for name, watcher in (*parts.mirror.watchers.items(), ("kill switch", parts.kill_switch.watcher))
        ],
    )
    return JSONResponse(state.model_dump(), 200 if ready else 503)


@root.get("/metrics", response_class=PlainTextResponse)
async def metrics(parts: PartsDep) -> Response:
    """For Prometheus."""
    refresh_gauges(parts.hub, parts.mirror, parts.board, parts.kill_switch)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
