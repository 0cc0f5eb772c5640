"""Incident: what went wrong and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from incident_crds.base import (
    CONSULTATION,
    PURPOSE_LABEL,
    Column,
    Conditions,
    KindInfo,
    LongText,
    Model,
    Name,
    Resource,
    ShortText,
    StatusModel,
    Text,
    Timestamp,
    cel,
    cel_rules,
)
from incident_crds.catalogue import Severity, SignalName
from incident_crds.diagnosis import Diagnosis, EvidenceDocument


class IncidentPhase(StrEnum):
    """The four columns of the board."""

    TRIAGE = "Triage"
    INVESTIGATING = "Investigating"
    FIXING = "Fixing"
    RESOLVED = "Resolved"


MOVES: dict[IncidentPhase | None, frozenset[IncidentPhase]] = {
    None: frozenset({IncidentPhase.TRIAGE}),
    IncidentPhase.TRIAGE: frozenset({IncidentPhase.INVESTIGATING, IncidentPhase.FIXING, IncidentPhase.RESOLVED}),
    IncidentPhase.INVESTIGATING: frozenset({IncidentPhase.TRIAGE, IncidentPhase.FIXING, IncidentPhase.RESOLVED}),
    IncidentPhase.FIXING: frozenset({IncidentPhase.INVESTIGATING, IncidentPhase.RESOLVED}),
    IncidentPhase.RESOLVED: frozenset({IncidentPhase.INVESTIGATING}),
}
"""The one table of moves, for board, REST, kubectl and operator alike."""


class ResolvedReason(StrEnum):
    """Why an incident is resolved."""

    VERIFIED = "Verified"
    SELF_RECOVERED = "SelfRecovered"
    MANUAL_OVERRIDE = "ManualOverride"
    FALSE_ALARM = "FalseAlarm"
    MERGED_INTO = "MergedInto"


class IncidentType(StrEnum):
    """Whether something real is behind it."""

    REAL_SYSTEM = "RealSystem"
    SYNTHETIC = "Synthetic"
    TRAINING = "Training"


class RemediationMode(StrEnum):
    """How far the agent may go: propose and execute, nothing, or diagnose only."""

    AUTOMATED = "Automated"
    MANUAL = "Manual"
    ADVISORY = "Advisory"


class RequestAction(StrEnum):
    """What a person can ask of an incident."""

    MOVE = "Move"
    ACKNOWLEDGE = "Acknowledge"
    FALSE_ALARM = "FalseAlarm"
    MERGE = "Merge"
    REOPEN = "Reopen"
    DIAGNOSE = "Diagnose"
    PROPOSE = "Propose"


class Request(Model):
    """What a person asked for. Each id is handled once."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            ("self.action != 'Move' || has(self.phase)", "action Move needs a phase"),
            (
                "self.action != 'Merge' || has(self.mergeInto)",
                "action Merge needs mergeInto",
            ),
        )
    )

    id: Annotated[str, Field(min_length=1, max_length=64)]
    """Any unique text; a request with the id of an earlier one is ignored."""
    action: RequestAction
    """What to do."""
    phase: IncidentPhase | None = None
    """For Move: where to."""
    reason: Text = ""
    """Why; needed to resolve while the system is unhealthy."""
    merge_into: Name | None = None
    """For Merge: the incident that goes on."""


FixedType = Annotated[IncidentType, Field(json_schema_extra=cel("self == oldSelf", "incidentType is immutable"))]


class IncidentSpec(Model):
    """What is known from whoever opened it, and what people set."""

    title: Annotated[str, Field(min_length=1, max_length=256)]
    """One line that says what is wrong."""
    description: Text = ""
    """More about it."""
    source: ShortText = ""
    """System or service that reported it."""
    severity: Severity | None = None
    """Set by a person; a diagnosis does not overwrite it."""
    incident_type: FixedType = IncidentType.REAL_SYSTEM
    """Whether something real is behind it. Immutable: what is synthetic never becomes actionable."""
    affected_systems: Annotated[list[Name], Field(max_length=16)] = Field(default_factory=list)
    """MockSystems in the same namespace."""
    signal: SignalName | None = None
    """The signal whose breach opened it."""
    breach_number: Annotated[int, Field(ge=0)] = 0
    """Number of that breach on its system."""
    remediation_mode: RemediationMode = RemediationMode.AUTOMATED
    """How far the agent may go."""
    team: Annotated[str, Field(max_length=63)] = ""
    """Team that handles it."""
    assignee: ShortText = ""
    """Person who handles it."""
    notes: LongText = ""
    """Free text of the people who handle it."""
    generated_by: ShortText = ""
    """What made it: the detector, the generator, or a person."""
    metadata: Annotated[dict[str, Annotated[str, Field(max_length=1024)]], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Custom fields."""
    request: Request | None = None
    """What a person asked for last."""


class Timestamps(StatusModel):
    """The milestones."""

    breached_at: Timestamp | None = None
    """First sample below the threshold."""
    detected_at: Timestamp | None = None
    """The incident was opened."""
    acknowledged_at: Timestamp | None = None
    """A person acknowledged it, or decided on its plan."""
    diagnosed_at: Timestamp | None = None
    """The diagnosis was written."""
    plan_proposed_at: Timestamp | None = None
    """A plan awaited approval."""
    approved_at: Timestamp | None = None
    """The plan was approved."""
    execution_started_at: Timestamp | None = None
    """Its first action began."""
    mitigated_at: Timestamp | None = None
    """The harm was measured to be gone, at the start of the hold window that proved it."""
    resolved_at: Timestamp | None = None
    """The incident was resolved."""
    escalated_at: Timestamp | None = None
    """A person was called, the first time."""


class IncidentDurations(StatusModel):
    """Seconds from one milestone to the next; absent where one was not reached."""

    detect: Annotated[float, Field(ge=0)] | None = None
    """breachedAt to detectedAt."""
    acknowledge: Annotated[float, Field(ge=0)] | None = None
    """detectedAt to acknowledgedAt."""
    diagnose: Annotated[float, Field(ge=0)] | None = None
    """detectedAt to diagnosedAt."""
    approve: Annotated[float, Field(ge=0)] | None = None
    """planProposedAt to approvedAt: the person's time."""
    resolve: Annotated[float, Field(ge=0)] | None = None
    """breachedAt to resolvedAt."""


class StatusChange(StatusModel):
    """One move from column to column."""

    from_: Annotated[IncidentPhase | None, Field(alias="from")] = None
    """Where it was; absent for the first."""
    to: IncidentPhase
    """Where it went."""
    at: Timestamp
    """When."""
    actor: ShortText
    """Who moved it: a user, or the operator."""
    reason: Text = ""
    """Why."""


class TimelineEntry(StatusModel):
    """One thing that happened."""

    at: Timestamp
    """When."""
    actor: ShortText
    """Who did it: a user, a provider, or the operator."""
    type: ShortText
    """What kind of thing, in CamelCase."""
    detail: Text = ""
    """What happened, for people."""


class RefusedRequest(StatusModel):
    """A request that was not carried out."""

    id: Annotated[str, Field(max_length=64)]
    """The request's id."""
    reason: ShortText
    """Why, in CamelCase, for programs."""
    message: Text = ""
    """Why, for people."""
    at: Timestamp
    """When."""


class Relation(StrEnum):
    """What a system that joined has to do with the incident."""

    CAUSE = "Cause"
    CONSEQUENCE = "Consequence"


class JoinedSystem(StatusModel):
    """A system that broke under an incident of another one."""

    system: Name
    """Its name."""
    relation: Relation
    """Cause where the incident's own system depends on it, else Consequence."""
    at: Timestamp
    """When it joined."""


class IncidentStatus(StatusModel):
    """What became of it. Written by the operator only."""

    number: ShortText = ""
    """Running number such as INC-0001."""
    phase: IncidentPhase | None = None
    """The board's column."""
    reason: ResolvedReason | None = None
    """Why it is resolved."""
    severity: Severity | None = None
    """A person's where set, else the diagnosis's, else by the signal."""
    actionable: bool = False
    """A plan may act on it: something real, on a known system. Computed, never taken from a client."""
    diagnosis: Diagnosis | None = None
    """What is believed to be wrong, and why."""
    evidence: EvidenceDocument | None = None
    """What the diagnosis stands on, and what a model was sent."""
    timestamps: Timestamps = Field(default_factory=Timestamps)
    """The milestones."""
    durations: IncidentDurations = Field(default_factory=IncidentDurations)
    """Seconds between milestones."""
    earlier_timestamps: Annotated[list[Timestamps], Field(max_length=10)] = Field(default_factory=list)
    """The milestones of the occurrences before it was reopened, oldest first; the oldest go when there are many."""
    status_history: Annotated[list[StatusChange], Field(max_length=100)] = Field(default_factory=list)
    """Every move from column to column."""
    timeline: Annotated[list[TimelineEntry], Field(max_length=200)] = Field(default_factory=list)
    """Everything that happened, oldest first; the oldest go when it is full."""
    signals: Annotated[list[SignalName], Field(max_length=16)] = Field(default_factory=list)
    """All signals that broke under this incident."""
    joined: Annotated[list[JoinedSystem], Field(max_length=16)] = Field(default_factory=list)
    """Systems that broke, too, by the same cause as far as `dependsOn` tells; they must be healthy for its end."""
    occurrences: Annotated[int, Field(ge=0)] = 1
    """Times the breach came, relapses included."""
    relapses: Annotated[int, Field(ge=0)] = 0
    """Times it came back within two minutes of being resolved."""
    plans: Annotated[list[Name], Field(max_length=32)] = Field(default_factory=list)
    """Its plans, oldest first."""
    diagnosis_asked_at: Timestamp | None = None
    """When a person last asked for a diagnosis; in mode Manual there is none unasked."""
    proposal_asked_at: Timestamp | None = None
    """When a person last asked for another plan; earlier plans count against it no more."""
    handled_requests: Annotated[list[ShortText], Field(max_length=32)] = Field(default_factory=list)
    """Ids of the latest requests that were handled, oldest first."""
    refused_request: RefusedRequest | None = None
    """The latest request that was refused; one that was carried out leaves it as it is, so compare the id."""
    merged_into: ShortText = ""
    """The incident that goes on in its place."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Diagnosed, PlanProposed, Resolved; and Escalated once a person is needed."""


class Incident(Resource):
    """What went wrong and what became of it."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="Incident",
        plural="incidents",
        singular="incident",
        short_names=("inc",),
        columns=(
            Column("Number", ".status.number"),
            Column("Severity", ".status.severity"),
            Column("Phase", ".status.phase"),
            Column("System", ".spec.affectedSystems[0]"),
            Column("Cause", ".status.diagnosis.rootCause.faultType"),
            Column("Reason", ".status.reason"),
            Column("Type", ".spec.incidentType", priority=1),
            Column("Title", ".spec.title", priority=1),
            Column("Provider", ".status.diagnosis.provider", priority=1),
            Column("Team", ".spec.team", priority=1),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
        selectable_fields=(
            ".spec.team",
            ".spec.incidentType",
            ".status.phase",
            ".status.severity",
        ),
    )

    spec: IncidentSpec
    """What is known from whoever opened it, and what people set."""
    status: IncidentStatus = Field(default_factory=IncidentStatus)
    """What became of it."""

    @property
    def systems(self) -> list[str]:
        """The systems that it is about: those named at its start, and those that joined."""
        return list(dict.fromkeys([*self.spec.affected_systems, *(j.system for j in self.status.joined)]))

    @property
    def is_consultation(self) -> bool:
        """Made to be diagnosed and then deleted: it gets no number and no plan, and counts nowhere.

        The label alone hides nothing: what was measured, and what a plan may act on, is an incident.
        """
        is_meant = self.metadata.labels.get(PURPOSE_LABEL) == CONSULTATION
        return is_meant and self.spec.signal is None and self.spec.remediation_mode is RemediationMode.ADVISORY
