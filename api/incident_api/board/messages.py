"""What the stream says, as the OpenAPI document shows it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

from incident_api.board.envelope import EventType
from incident_api.board.views import ExecutionView, ExperimentView, IncidentView, SystemView, View
from incident_crds.base import Timestamp


class Gone(View):
    """An object that was deleted."""

    id: str
    name: str
    namespace: str


class Snapshot(BaseModel):
    """Everything that may be seen, in one or more parts; part 1 replaces all that was known."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    part: int
    """Number of this part, from 1."""
    parts: int
    """How many parts there are."""
    incidents: list[IncidentView]
    plans: list[ExecutionView]
    experiments: list[ExperimentView]
    systems: list[SystemView]


class Envelope(BaseModel):
    """A message of the stream."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    v: int
    """Version of the envelope: 1."""
    seq: str
    """Position of the latest change that it tells of, as `epoch:number`; to resume from."""
    type: EventType
    """What `data` is: a Snapshot, the view of an object, a Gone, who is present, or a notice with a `code`."""
    ts: Timestamp
    """When it was written."""
    data: dict[str, JsonValue]
