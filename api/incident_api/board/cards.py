"""A card: one object as it is shown, written as JSON once, with what lists filter and sort by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from incident_api.board.projection import execution_view, experiment_view, incident_view, system_view
from incident_api.board.scope import Topic
from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facets:
    """What incidents are filtered and sorted by."""

    status: str = ""
    severity: str = ""
    team: str = ""
    assignee: str = ""
    systems: tuple[str, ...] = ()
    incident_type: str = ""
    text: str = ""
    """All that a search looks into, in lower case."""


@dataclass(frozen=True, slots=True)
class Card:
    """One object as it is shown."""

    topic: Topic
    id: str
    namespace: str
    name: str
    version: int
    """The resourceVersion as a number: it grows with every write of any object of the kind."""
    body: bytes = field(repr=False)
    """The view as JSON."""
    number: str = ""
    """Running number of an incident, such as INC-0001."""
    created_at: datetime = LONG_AGO
    updated_at: datetime = LONG_AGO
    facets: Facets = Facets()

    @property
    def key(self) -> tuple[Topic, str]:
        """(topic, id)."""
        return self.topic, self.id

    @property
    def gone(self) -> bytes:
        """What is said of it once it is deleted, as JSON."""
        return orjson.dumps({"id": self.id, "name": self.name, "namespace": self.namespace})


def incident_card(incident: Incident) -> Card:
    """The card of an incident."""
    view = incident_view(incident)
    words = (
        view.number,
        view.message,
        view.description,
        view.source,
        view.notes,
        view.assignee,
        *view.affected_systems,
    )
    facets = Facets(
        status=view.status,
        severity=view.severity or "",
        team=view.team,
        assignee=view.assignee,
        systems=tuple(view.affected_systems),
        incident_type=view.incident_type,
        text="\n".join(words).lower(),
    )
    return _card(Topic.INCIDENT, incident, view.__pydantic_serializer__.to_json(view), view.number, facets)


def plan_card(plan: RemediationPlan, incident_id: str) -> Card:
    """The card of a plan; `incident_id` is the uid of its incident, or empty."""
    view = execution_view(plan, incident_id)
    facets = Facets(status=view.status, text=view.incident_name)
    return _card(Topic.PLAN, plan, view.__pydantic_serializer__.to_json(view), facets=facets)


def experiment_card(experiment: ChaosExperiment) -> Card:
    """The card of an experiment."""
    view = experiment_view(experiment)
    facets = Facets(status=view.status, systems=tuple(target.system for target in view.systems))
    return _card(Topic.EXPERIMENT, experiment, view.__pydantic_serializer__.to_json(view), facets=facets)


def system_card(system: MockSystem) -> Card:
    """The card of a system."""
    view = system_view(system)
    return _card(Topic.SYSTEM, system, view.__pydantic_serializer__.to_json(view), facets=Facets(status=view.status))


def _card(topic: Topic, obj: Resource, body: bytes, number: str = "", facets: Facets = Facets()) -> Card:
    metadata = obj.metadata
    created = metadata.creation_timestamp or LONG_AGO
    return Card(
        topic=topic,
        id=metadata.uid,
        namespace=metadata.namespace,
        name=metadata.name,
        version=int(metadata.resource_version or 0),
        body=body,
        number=number,
        created_at=created,
        updated_at=metadata.updated_at or created,
        facets=facets,
    )
