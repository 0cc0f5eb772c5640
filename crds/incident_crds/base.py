"""What every resource shares: naming, strictness, metadata, and the marks its schema is generated from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel
from typing_extensions import override

GROUP = "incidentsimulator.net"
VERSION = "v1alpha1"
CATEGORY = "incidentsim"

CHAOS_LABEL = f"{GROUP}/chaos"
DRILL_LABEL = f"{GROUP}/drill"
"""On an experiment: the scenario that it is a run of."""
SCHEDULE_LABEL = f"{GROUP}/schedule"
"""On an experiment: the one with the schedule that made it."""
SUMMARY_ANNOTATION = f"{GROUP}/summary"
"""On a scenario: one sentence for people."""
PURPOSE_LABEL = f"{GROUP}/purpose"
CONSULTATION = "consultation"
"""The purpose of an incident that asks for a diagnosis only, and goes once it was read."""
APPROVE_ANNOTATION = f"{GROUP}/approve"
REJECT_ANNOTATION = f"{GROUP}/reject"
APPROVED_BY_ANNOTATION = f"{GROUP}/approved-by"
VIA_ANNOTATION = f"{GROUP}/via"
"""On a plan, beside a decision: the door it came through. No policy guards it: it is information only."""
REQUESTED_BY_ANNOTATION = f"{GROUP}/requested-by"
UNDO_FINALIZER = f"{GROUP}/undo"


def cel(rule: str, message: str) -> dict[str, Any]:
    """A CEL rule for `json_schema_extra`, on the object or field that carries it."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message}]}


def cel_rules(*rules: tuple[str, str]) -> dict[str, Any]:
    """Several (rule, message) pairs for `json_schema_extra`."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in rules]}


IMMUTABLE = cel("self == oldSelf", "is immutable: delete the object and create another")


def _aware(value: object) -> object:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a time needs a zone, such as 2026-01-31T12:00:00Z")
    return value


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as the API server's MicroTime."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    BeforeValidator(_aware),
    PlainSerializer(format_time, return_type=str),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
Percent = Annotated[int, Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=253)]
ShortText = Annotated[str, Field(max_length=256)]
Text = Annotated[str, Field(max_length=4096)]
LongText = Annotated[str, Field(max_length=16384)]


class Model(BaseModel):
    """A part of a resource: snake_case in Python, camelCase in YAML, unknown fields refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_assignment=True,
    )

    def to_json(self) -> dict[str, Any]:
        """As it stands in the API: camelCase, JSON types, what is None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class StatusModel(Model):
    """A part of a status. A newer operator may have written fields that this one does not know."""

    model_config = ConfigDict(extra="ignore")


def _latest_write(value: object) -> object:
    """The latest time of the server's managedFields, whose times have all the same form, so that texts compare."""
    if not isinstance(value, list):
        return value
    latest: str = max((entry.get("time") or "" for entry in value), default="")
    return datetime.fromisoformat(latest) if latest else None


class ObjectMeta(StatusModel):
    """The part of metav1.ObjectMeta that the simulator reads or writes."""

    name: str = ""
    generate_name: str | None = None
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)
    owner_references: list[dict[str, Any]] = Field(default_factory=list)
    last_written_at: Annotated[datetime | None, BeforeValidator(_latest_write)] = Field(
        default=None, alias="managedFields", exclude=True
    )
    """All that is kept of managedFields, which are large, and which nobody but the server may write."""

    @property
    def updated_at(self) -> datetime | None:
        """When it was last written, its status included, in whole seconds; None where it was never stored."""
        return self.last_written_at or self.creation_timestamp

    def is_created_since(self, moment: datetime) -> bool:
        """Whether it was created then or later, as far as creation times in whole seconds can tell."""
        created = self.creation_timestamp
        return created is None or created >= moment.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column; priority 1 shows in `kubectl get -o wide` only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class KindInfo:
    """How a kind is named in the API, and how kubectl prints it."""

    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    selectable_fields: tuple[str, ...] = ()
    group: str = GROUP
    version: str = VERSION

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Resource(Model):
    """A whole object. Subclasses add `spec` and `status` and set `info`."""

    model_config = ConfigDict(extra="ignore")
    info: ClassVar[KindInfo]

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = Field(default_factory=ObjectMeta)

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name)."""
        return self.metadata.namespace, self.metadata.name

    @override
    def model_post_init(self, context: Any, /) -> None:
        if not self.kind:  # assignment is validated, and would come back here for ever
            self.kind, self.api_version = self.info.kind, self.info.api_version

    @classmethod
    def parse(cls, raw: object) -> Self:
        """From the API's JSON. Raises pydantic.ValidationError where a newer schema is not understood."""
        return cls.model_validate(raw)


class Condition(StatusModel):
    """A metav1.Condition: one observable fact about the object."""

    type: Annotated[str, Field(max_length=64)]
    """What the condition is about, in CamelCase."""
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$")]
    """True, False or Unknown."""
    reason: Annotated[str, Field(max_length=64, pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """Why it has this status, in CamelCase, for programs."""
    message: Annotated[str, Field(max_length=4096)] = ""
    """Why it has this status, for people."""
    last_transition_time: Timestamp
    """When the status last changed."""
    observed_generation: int | None = None
    """The metadata.generation that the condition was computed from."""


Conditions = Annotated[
    list[Condition],
    Field(
        max_length=16,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    ),
]


def set_condition(
    conditions: list[Condition],
    type: str,
    status: bool | None,
    *,
    reason: str,
    message: str,
    now: datetime,
    generation: int | None = None,
) -> list[Condition]:
    """The conditions with one replaced, sorted by type; its transition time moves only when its status does."""
    text = {True: "True", False: "False", None: "Unknown"}[status]
    old = next((c for c in conditions if c.type == type), None)
    since = old.last_transition_time if old and old.status == text else now
    new = Condition(
        type=type,
        status=text,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )
    return sorted([c for c in conditions if c.type != type] + [new], key=lambda c: c.type)


def is_true(conditions: list[Condition], type: str) -> bool:
    """Whether the condition is there and True."""
    return any(c.type == type and c.status == "True" for c in conditions)
