"""What requests carry. Unknown fields are refused: a misspelt one must not be lost without a word."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from incident_api.board.words import IncidentStatusName, IncidentTypeName, RemediationModeName
from incident_crds.base import LongText, Name, ShortText, Text
from incident_crds.catalogue import Severity
from incident_crds.incident import IncidentPhase, IncidentSpec, IncidentType, RemediationMode

NamespaceName = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", max_length=63)]
Title = Annotated[
    str,
    Field(
        pattern="^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\x00-\\x20\\x7f-\\xa0][^\\x00-\\x1f\\x7f-\\x9f]*$",
        min_length=1,
        max_length=256,
    ),
]
"""One line with something to read: control characters would reach terminals."""
Team = Annotated[str, Field(max_length=63)]
FieldName = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 ._/-]*$", max_length=63)]
CustomFields = Annotated[
    dict[FieldName, Annotated[str, Field(max_length=1024)]],
    # A pattern of names alone says in a schema what belongs to names like that, and lets all others through.
    Field(max_length=32, json_schema_extra={"additionalProperties": False}),
]


def _whole(value: object) -> object:
    """JSON knows numbers only: 5 and 5.0 are the same, and true is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int and value is not None:
        raise ValueError("must be a whole number")
    return value


WHOLE = BeforeValidator(_whole)
"""To be the last of an annotation, or its bounds are missing in the schema."""
Seconds = Annotated[int, Field(ge=1, le=86400), WHOLE]
_HASH = "3f5a9c0e6f7d4b1a8c2e5d9f0b3a6c7d8e1f2a4b5c6d7e8f9a0b1c2d3e4f5a6b"
PHASES = dict(zip(IncidentStatusName, IncidentPhase, strict=True))
_TYPES = dict(zip(IncidentTypeName, IncidentType, strict=True))
_MODES = dict(zip(RemediationModeName, RemediationMode, strict=True))


class Body(BaseModel):
    """What a request carries."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class NewIncident(Body):
    """An incident that a person reports."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "Checkout answers with 503",
                    "source": "api-gateway",
                    "severity": "P1",
                    "team": "payments",
                    "incident_type": "training",
                }
            ]
        }
    )

    message: Title
    """One line that says what is wrong."""
    description: Text = ""
    """More about it."""
    source: ShortText = ""
    """System or service that reports it."""
    severity: Severity | None = None
    """Forced by a person; left out, a diagnosis sets it."""
    team: Team = ""
    """Team that handles it."""
    assignee: ShortText = ""
    """Person who handles it."""
    notes: LongText = ""
    """Free text."""
    incident_type: IncidentTypeName = IncidentTypeName.REAL_SYSTEM
    """Whether something real is behind it; it never changes."""
    affected_systems: Annotated[list[Name], Field(max_length=16)] = Field(default_factory=list)
    """Systems in the same namespace."""
    remediation_mode: RemediationModeName = RemediationModeName.AUTOMATED
    """How far the agent may go."""
    metadata: CustomFields = Field(default_factory=dict)
    """Custom fields."""
    namespace: NamespaceName | None = None
    """Where it is made; the default namespace when left out."""

    def to_spec(self, user: str) -> IncidentSpec:
        """As it is written to the cluster, with who reported it."""
        return IncidentSpec(
            title=self.message,
            description=self.description,
            source=self.source,
            severity=self.severity,
            team=self.team,
            assignee=self.assignee,
            notes=self.notes,
            incident_type=_TYPES[self.incident_type],
            affected_systems=self.affected_systems,
            remediation_mode=_MODES[self.remediation_mode],
            metadata=self.metadata,
            generated_by=f"person {user}"[:256],
        )


class IncidentChanges(Body):
    """What may be changed of an incident; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "The cache was cold.", "team": "platform"}]})

    status: IncidentStatusName | None = None
    """Move it to this column."""
    reason: Text = ""
    """Why it is moved; needed to resolve it while its system is unhealthy."""
    message: Title | None = None
    description: Text | None = None
    notes: LongText | None = None
    severity: Severity | None = None
    """Force the severity; null gives it back to the diagnosis."""
    team: Team | None = None
    assignee: ShortText | None = None
    remediation_mode: RemediationModeName | None = None
    metadata: CustomFields | None = None
    """Replaces all custom fields."""

    def to_spec_changes(self) -> dict[str, JsonValue]:
        """The fields that were sent, as they stand in the API."""
        sent = self.model_fields_set
        plain: dict[str, JsonValue] = {
            name: getattr(self, name)
            for name in ("description", "notes", "team", "assignee")
            if getattr(self, name) is not None
        }
        if self.message is not None:
            plain["title"] = self.message
        if self.remediation_mode is not None:
            plain["remediationMode"] = _MODES[self.remediation_mode].value
        if "severity" in sent:
            plain["severity"] = self.severity.value if self.severity else None
        return plain


class StatusChange(Body):
    """Where to move an incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "investigating"}]})

    status: IncidentStatusName
    """The column."""
    reason: Text = ""
    """Why; needed to resolve it while its system is unhealthy."""


class Notes(Body):
    """The notes of an incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "Waiting for the vendor."}]})

    notes: LongText
    """They replace those before."""


class Reason(Body):
    """Why something is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The vendor confirmed it."}]})

    reason: Text = ""
    """Why."""


class Halt(Body):
    """Why all chaos has to stop."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "A real outage."}]})

    reason: Title
    """In one line, for whoever finds a drill stopped."""


class Assignment(Body):
    """Who handles an incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"assignee": "sre"}]})

    assignee: ShortText
    """A person; empty for nobody."""


class Merge(Body):
    """Which incident goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "INC-0001", "reason": "The same cause."}]})

    into: Annotated[str, Field(min_length=1, max_length=253)]
    """Id, name or number of an open incident in the same namespace."""
    reason: Text = ""
    """Why."""


class Approval(Body):
    """Approve exactly the plan that was read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"plan_hash": _HASH}]})

    plan_hash: Annotated[str, Field(min_length=1, max_length=256)]
    """`plan_hash` of the execution."""


class Rejection(Body):
    """Reject exactly the plan that was read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"plan_hash": _HASH, "reason": "Not during the day."}]})

    plan_hash: Annotated[str, Field(min_length=1, max_length=256)]
    """`plan_hash` of the execution."""
    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """Why; the people who are called read it."""


class Consultation(Body):
    """What to diagnose."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "Writes to Redis are refused", "system": "redis-test"}]}
    )

    message: Title
    """One line that says what is wrong."""
    description: Text = ""
    """More about it."""
    source: ShortText = ""
    """System or service that reports it."""
    system: Name | None = None
    """A system whose evidence is read; left out, only the words are there to go by."""
    namespace: NamespaceName | None = None
    """Namespace of the system."""


class GenerateRequest(Body):
    """One practice incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"template": "redis-slow-queries"}]})

    template: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Name of a template; one at random when left out."""
    namespace: NamespaceName | None = None
    """Where it is made."""


class GeneratorStart(Body):
    """How often practice incidents come; what is left out stays as it was."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"min_interval_seconds": 120, "max_interval_seconds": 300}]}
    )

    min_interval_seconds: Seconds | None = None
    """Shortest time between two."""
    max_interval_seconds: Seconds | None = None
    """Longest time between two."""
    max_open: Annotated[int, Field(ge=1, le=1000), WHOLE] | None = None
    """None is made while so many are open."""
    namespace: NamespaceName | None = None
    """Where they are made."""


class Token(Body):
    """A token to sign in with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "A-TOKEN"}]})

    token: Annotated[str, Field(min_length=1, max_length=16384)]
    """A Kubernetes bearer token."""


class Viewing(Body):
    """What a board that follows /events looks at."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"connection": "5b0c8f2e9a1d4c37", "incident": "INC-0001"}]}
    )

    connection: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """Its connection, as the notice `synced` gave it."""
    incident: Annotated[str, Field(max_length=253)] | None = None
    """Id, name or number; null for nothing."""
