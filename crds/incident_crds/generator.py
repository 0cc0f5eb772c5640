"""IncidentGenerator: synthetic incidents for practice, from templates."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from incident_crds.base import (
    Column,
    Conditions,
    KindInfo,
    Model,
    Resource,
    ShortText,
    StatusModel,
    Text,
    Timestamp,
    cel,
)
from incident_crds.catalogue import Severity


class IncidentTemplate(Model):
    """What a synthetic incident says."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Unique in the generator."""
    title: Annotated[str, Field(min_length=1, max_length=256)]
    """Title of the incident."""
    description: Text = ""
    """Description of the incident."""
    source: ShortText = ""
    """System or service that is said to report it."""
    severity: Severity = Severity.P2
    """Its severity."""
    team: Annotated[str, Field(max_length=63)] = ""
    """Its team."""


class GeneratorRequest(Model):
    """One incident that is wanted now, whatever the interval. Each id is handled once."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    """Any unique text; a request with the id of the latest one is ignored, and no id gets a second incident."""
    template: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Name of one of its own templates or of a built-in one; one is chosen where it is absent."""


class HandledRequest(StatusModel):
    """What became of a request."""

    id: Annotated[str, Field(max_length=64)]
    """The request's id."""
    incident: ShortText = ""
    """Name of the incident that was made; empty where the request was refused."""
    message: Text = ""
    """What was made, or why nothing was, for people."""


class IncidentGeneratorSpec(Model):
    """How often, and what about."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            "self.minIntervalSeconds <= self.maxIntervalSeconds",
            "minIntervalSeconds must not be above maxIntervalSeconds",
        )
    )

    enabled: bool = True
    """Make incidents while true."""
    min_interval_seconds: Annotated[int, Field(ge=1, le=86400)] = 120
    """Shortest time between two incidents."""
    max_interval_seconds: Annotated[int, Field(ge=1, le=86400)] = 300
    """Longest time between two incidents."""
    templates: Annotated[
        list[IncidentTemplate],
        Field(
            max_length=64,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ] = Field(default_factory=list)
    """The user's own templates; the built-in ones where empty."""
    seed: Annotated[int, Field(ge=0, le=2147483647)] | None = None
    """Makes the order and the intervals repeatable."""
    max_open: Annotated[int, Field(ge=1, le=1000)] = 20
    """Make none while so many of its incidents are open."""
    request: GeneratorRequest | None = None
    """What a person asked for last: it is done also while enabled is false."""


class IncidentGeneratorStatus(StatusModel):
    """What it made so far."""

    generated: Annotated[int, Field(ge=0)] = 0
    """Incidents made at intervals, in all; those that were asked for do not count."""
    last_incident: ShortText = ""
    """Name of the latest of these."""
    next_at: Timestamp | None = None
    """When the next one is due."""
    handled_request: HandledRequest | None = None
    """The latest request that was handled."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Running."""


class IncidentGenerator(Resource):
    """Makes synthetic incidents at random intervals, for practice."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="IncidentGenerator",
        plural="incidentgenerators",
        singular="incidentgenerator",
        short_names=("igen",),
        columns=(
            Column("Enabled", ".spec.enabled", "boolean"),
            Column("Generated", ".status.generated", "integer"),
            Column("Next", ".status.nextAt"),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: IncidentGeneratorSpec = Field(default_factory=IncidentGeneratorSpec)
    """How often, and what about."""
    status: IncidentGeneratorStatus = Field(default_factory=IncidentGeneratorStatus)
    """What it made so far."""
