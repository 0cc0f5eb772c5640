"""Practice incidents: one now, or at random intervals."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import JSONResponse, Response

from incident_api.access.gate import Viewer
from incident_api.board.views import IncidentView
from incident_api.cluster.reviews import Permission
from incident_api.routes.answers import object_response
from incident_api.routes.bodies import GenerateRequest, GeneratorStart
from incident_api.routes.dependencies import EVERYWHERE, WRITES, Namespace, Parts, PartsDep, ViewerDep, problems
from incident_crds.base import Timestamp
from incident_crds.generator import IncidentGenerator, IncidentGeneratorSpec

router = APIRouter(tags=["generator"], responses=EVERYWHERE)


class GeneratorStatus(BaseModel):
    """The generator of practice incidents."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)

    namespace: str
    running: bool
    """It makes incidents unasked."""
    generated: int
    """How many it made at intervals."""
    last_incident: str
    """Name of the latest."""
    next_at: Timestamp | None
    """When the next is due."""
    min_interval_seconds: int
    max_interval_seconds: int
    max_open: int
    """It makes none while so many of its incidents are open."""
    message: str
    """What it does just now, and why."""


class Asked(BaseModel):
    """Written, and not acted on yet."""

    request: str
    """Id of the request."""
    message: str


@router.post(
    "/generate-incident",
    status_code=201,
    response_model=IncidentView,
    responses={
        **WRITES,
        **problems("not-found", "conflict", "request-refused"),
        202: {"model": Asked, "description": "Asked; the incident is not there yet."},
    },
)
async def generate_incident(parts: PartsDep, viewer: ViewerDep, body: GenerateRequest | None = None) -> Response:
    """One practice incident now, from a template; a model words it where there is a key."""
    asked = body or GenerateRequest()
    namespace = asked.namespace or parts.settings.namespace
    made = await parts.generators.generate(viewer, namespace, asked.template)
    if isinstance(made, str):
        text = "the operator has not made it yet; the stream shows it once it does"
        return JSONResponse(Asked(request=made, message=text).model_dump(), 202)
    return object_response(made, 201)


@router.get("/generator/status")
async def generator_status(parts: PartsDep, viewer: ViewerDep, namespace: Namespace = None) -> GeneratorStatus:
    """Whether practice incidents come, and when the next one does."""
    place = namespace or parts.settings.namespace
    await _refuse_unseen(parts, viewer, place)
    return _status(place, parts.generators.find(place))


@router.post("/generator/start", responses={**WRITES, **problems("not-found")})
async def start_generator(parts: PartsDep, viewer: ViewerDep, body: GeneratorStart | None = None) -> GeneratorStatus:
    """Make practice incidents at random intervals until it is stopped."""
    asked = body or GeneratorStart()
    place = asked.namespace or parts.settings.namespace
    changes: dict[str, JsonValue] = {
        "minIntervalSeconds": asked.min_interval_seconds,
        "maxIntervalSeconds": asked.max_interval_seconds,
        "maxOpen": asked.max_open,
    }
    sent = {name: value for name, value in changes.items() if value is not None}
    return _status(place, await parts.generators.start(viewer, place, sent))


@router.post("/generator/stop", responses={**WRITES, **problems("not-found")})
async def stop_generator(parts: PartsDep, viewer: ViewerDep, namespace: Namespace = None) -> GeneratorStatus:
    """Make none unasked. Those that were made stay."""
    place = namespace or parts.settings.namespace
    return _status(place, await parts.generators.stop(viewer, place))


async def _refuse_unseen(parts: Parts, viewer: Viewer, namespace: str) -> None:
    await parts.require(viewer, Permission("list", IncidentGenerator.info.plural, namespace))


def _status(namespace: str, generator: IncidentGenerator | None) -> GeneratorStatus:
    spec = generator.spec if generator else IncidentGeneratorSpec(enabled=False)
    status = generator.status if generator else None
    conditions = status.conditions if status else []
    is_current = generator is not None and generator.status.observed_generation == generator.metadata.generation
    return GeneratorStatus(
        namespace=namespace,
        running=spec.enabled,
        generated=status.generated if status else 0,
        last_incident=status.last_incident if status else "",
        next_at=status.next_at if status else None,
        min_interval_seconds=spec.min_interval_seconds,
        max_interval_seconds=spec.max_interval_seconds,
        max_open=spec.max_open,
        message=conditions[0].message if conditions and is_current else "",
    )
