"""What the stream says, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from incident_api.board.envelope import EventType
from incident_api.board.killswitch import KillSwitch
from incident_api.board.views import ExecutionView, ExperimentView, IncidentView, SystemView, View
from incident_crds.base import Timestamp


class Gone(View):
    """An object that was deleted."""

    id: str
    name: str
    namespace: str


class Snapshot(View):
    """Everything that may be seen, in one or more parts; part 1 replaces all that was known."""

    part: int
    """Number of this part, from 1."""
    parts: int
    """How many parts there are."""
    incidents: list[IncidentView]
    plans: list[ExecutionView]
    experiments: list[ExperimentView]
    systems: list[SystemView]


class ViewedIncident(View):
    """The incident that a visitor looks at."""

    id: str
    number: str


class Visitor(View):
    """A board that is open."""

    id: str
    """The connection; the notice `synced` tells your own."""
    animal: str
    name: str
    """What it calls itself, else its animal."""
    color: str
    viewing: ViewedIncident | None
    """Null for nothing, or for what you may not see."""


class Presence(View):
    """Who is here."""

    count: int
    """Boards that are open."""
    users: list[Visitor]
    """The first of them."""


class SyncedNotice(View):
    """Everything was told; changes follow."""

    code: Literal["synced"]
    message: str
    connection: str
    """Your own id."""
    animal: str
    color: str
    user: str
    """Your name, as the API server knows it."""
    retry_ms: int
    """How long to wait before you connect again."""
    heartbeat_seconds: int
    """How often a heartbeat comes."""


class HeartbeatNotice(View):
    """All is well, nothing to tell."""

    code: Literal["heartbeat"]
    message: str


class FreshnessNotice(View):
    """Whether the cluster can be followed: `stale`, what is shown may be behind; `fresh`, it is followed again."""

    code: Literal["stale", "fresh"]
    message: str


class EndNotice(View):
    """The last message: `shutdown`, this replica ends; `signed-out`, the token is no longer accepted."""

    code: Literal["shutdown", "signed-out"]
    message: str
    retry_ms: int
    """How long to wait before you connect again."""


class Notice(RootModel[Annotated[SyncedNotice | HeartbeatNotice | FreshnessNotice | EndNotice, Field(
    discriminator="code")]]):  # fmt: skip
    """A word about the stream itself."""


class _Message(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    v: int
    """Version of the envelope: 1."""
    seq: str
    """Position of the latest change that it tells of, as `epoch:number`; to resume from."""
    ts: Timestamp
    """When it was written."""


class SnapshotMessage(_Message):
    """Everything that may be seen."""

    type: Literal[EventType.SNAPSHOT]
    data: Snapshot


class IncidentMessage(_Message):
    """An incident that came or changed."""

    type: Literal[EventType.INCIDENT_UPSERT]
    data: IncidentView


class PlanMessage(_Message):
    """A plan that came or changed."""

    type: Literal[EventType.PLAN_UPSERT]
    data: ExecutionView


class ExperimentMessage(_Message):
    """An experiment that came or changed."""

    type: Literal[EventType.EXPERIMENT_UPSERT]
    data: ExperimentView


class SystemMessage(_Message):
    """A system that came, or was measured."""

    type: Literal[EventType.SYSTEM_HEALTH]
    data: SystemView


class GoneMessage(_Message):
    """An object that was deleted."""

    type: Literal[
        EventType.INCIDENT_DELETE, EventType.PLAN_DELETE, EventType.EXPERIMENT_DELETE, EventType.SYSTEM_DELETE
    ]
    data: Gone


class PresenceMessage(_Message):
    """Who is here."""

    type: Literal[EventType.PRESENCE]
    data: Presence


class KillSwitchMessage(_Message):
    """Whether all chaos is stopped."""

    type: Literal[EventType.KILL_SWITCH]
    data: KillSwitch


class NoticeMessage(_Message):
    """A word about the stream itself."""

    type: Literal[EventType.NOTICE]
    data: Notice


class Envelope(RootModel[Annotated[SnapshotMessage | IncidentMessage | PlanMessage | ExperimentMessage | SystemMessage
                                   | GoneMessage | PresenceMessage | KillSwitchMessage | NoticeMessage, Field(
                                   discriminator="type")]]):  # fmt: skip
    """A message of the stream; `type` says what `data` is."""


MESSAGES: tuple[type[BaseModel], ...] = (Envelope, Snapshot, Gone, Presence, Notice, KillSwitch)
"""They are in the stream only, so no path brings them into the document."""
