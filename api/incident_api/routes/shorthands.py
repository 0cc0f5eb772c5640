"""The earlier simulator's shorthands at the root, over the same resources and with the same rights."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import Response

from incident_api.board.projection import system_view
from incident_api.board.scope import Topic
from incident_api.board.views import ExperimentView, SystemView
from incident_api.cluster.reviews import Permission
from incident_api.problems import Problem
from incident_api.routes.answers import object_response
from incident_api.routes.dependencies import EVERYWHERE, WRITES, Namespace, PartsDep, ViewerDep, problems
from incident_api.routes.experiments import start_scenario
from incident_crds.base import Timestamp
from incident_crds.catalogue import FaultType

router = APIRouter(tags=["shorthands"], responses=EVERYWHERE)


class TriggerName(StrEnum):
    """What can be broken: names of scenarios."""

    REDIS_MEMORY = "redis-memory"
    POSTGRES_CONNECTIONS = "postgres-connections"
    POSTGRES_BLOAT = "postgres-bloat"
    DISK_FULL = "disk-full"


class ClearName(StrEnum):
    """What can be cleared."""

    REDIS = "redis"
    POSTGRES = "postgres"
    POSTGRES_BLOAT = "postgres-bloat"
    DISK = "disk"


_CLEARED = {
    ClearName.REDIS: {FaultType.REDIS_MEMORY, FaultType.REDIS_CONNECTIONS, FaultType.REDIS_LATENCY},
    ClearName.POSTGRES: {FaultType.POSTGRES_CONNECTIONS},
    ClearName.POSTGRES_BLOAT: {FaultType.POSTGRES_BLOAT},
    ClearName.DISK: {FaultType.DISK_FILL},
}


class ServiceStatus(BaseModel):
    """A system, with its metrics beside: each signal's health as `<signal>_health`, and what it was computed from."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    health: int | None
    """0 is worst, 100 is healthy."""
    status: str
    """healthy, unhealthy, unreachable, or unknown before the first probe."""
    will_trigger_incident: bool
    """A signal is below the threshold."""


class StatusReport(BaseModel):
    """Every system."""

    services: dict[str, ServiceStatus]
    """By name; with the namespace before it where it is not the default one."""
    last_check: Timestamp | None
    """When the latest of them was probed."""


class Cleared(BaseModel):
    """What was stopped."""

    aborted: list[str]
    """Names of the experiments."""
    message: str


@router.get("/status")
async def status(parts: PartsDep, viewer: ViewerDep) -> StatusReport:
    """Every system that you may see, with its measurements."""
    if not viewer.scope.sees_some(Topic.SYSTEM):
        raise Problem("forbidden", f"you may not list {Topic.SYSTEM}: ask for the role incidentsim-viewer")
    views = [
        system_view(system)
        for system in parts.mirror.systems.objects.values()
        if viewer.scope.sees(Topic.SYSTEM, system.metadata.namespace)
    ]
    default = parts.settings.namespace
    services = {v.name if v.namespace == default else f"{v.namespace}/{v.name}": _service(v) for v in views}
    probed = [view.last_probe_at for view in views if view.last_probe_at is not None]
    return StatusReport(services=services, last_check=max(probed, default=None))


def _service(view: SystemView) -> ServiceStatus:
    metrics: dict[str, JsonValue] = {}
    for signal in view.signals:
        metrics[f"{signal.name}_health"] = signal.health
        metrics.update(signal.metrics)
    word = "unhealthy" if view.will_trigger_incident else "healthy"
    if view.status != "ready":
        word = "unreachable" if view.status == "unreachable" else "unknown"
    return ServiceStatus(
        health=view.health, status=word, will_trigger_incident=view.will_trigger_incident, **_extra(metrics)
    )


def _extra(metrics: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """No metric may take the place of a field."""
    return {name: value for name, value in metrics.items() if name not in ServiceStatus.model_fields}


@router.post(
    "/trigger/{name}", status_code=201, response_model=ExperimentView, responses={**WRITES, **problems("not-found")}
)
async def trigger(parts: PartsDep, viewer: ViewerDep, name: TriggerName, namespace: Namespace = None) -> Response:
    """Break something: the scenario of that name."""
    return object_response(await start_scenario(parts, viewer, name, namespace or parts.settings.namespace), 201)


@router.post("/clear/{name}", responses={**WRITES, **problems("not-found")})
async def clear(parts: PartsDep, viewer: ViewerDep, name: ClearName, namespace: Namespace = None) -> Cleared:
    """Undo what was broken: every running experiment with that fault is aborted. Data of others is not touched."""
    place = namespace or parts.settings.namespace
    await parts.require(viewer, Permission("list", Topic.EXPERIMENT, place))
    await parts.require(viewer, Permission("patch", Topic.EXPERIMENT, place))
    wanted = _CLEARED[name]
    caused = [
        card
        for card in parts.experiments.cards(place)
        if (found := parts.mirror.experiments.objects.get((place, card.name))) is not None
        and found.spec.fault.type in wanted
    ]
    names = await parts.experiments.abort_all(viewer, caused)
    text = f"aborted {len(names)} at {datetime.now(UTC):%H:%M:%S} UTC" if names else "nothing of that kind is running"
    return Cleared(aborted=names, message=text)
