"""ChaosExperiment: one fault, bounded in time, always undone, and the truth that runs are graded by."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, JsonValue

from incident_crds.base import (
    Column,
    Conditions,
    KindInfo,
    Model,
    Name,
    Percent,
    Resource,
    ShortText,
    StatusModel,
    Text,
    Timestamp,
    cel_rules,
)
from incident_crds.catalogue import SignalName
from incident_crds.fault import Fault
from incident_crds.report import DrillReport


class ExperimentPhase(StrEnum):
    """Where the experiment stands; a summary of its targets and conditions."""

    PENDING = "Pending"
    SCHEDULED = "Scheduled"
    REJECTED = "Rejected"
    INJECTING = "Injecting"
    ACTIVE = "Active"
    RECOVERING = "Recovering"
    RECOVERED = "Recovered"
    ABORTED = "Aborted"
    FAILED = "Failed"

    @property
    def is_final(self) -> bool:
        return self in (self.REJECTED, self.RECOVERED, self.ABORTED, self.FAILED)

    @property
    def is_on_systems(self) -> bool:
        """Whether something of the fault is, or may be, on its targets."""
        return self in (self.INJECTING, self.ACTIVE, self.RECOVERING)


class HealedBy(StrEnum):
    """What ended the harm."""

    PLAN = "plan"
    EXPIRY = "expiry"
    ABORT = "abort"
    SELF = "self"


class SelectionMode(StrEnum):
    """How many of the selected systems are hit."""

    ONE = "one"
    FIXED = "fixed"
    PERCENT = "percent"
    ALL = "all"


class SystemRef(Model):
    """A MockSystem in the experiment's namespace."""

    name: Name
    """Name of the MockSystem."""


class Selector(Model):
    """Chooses systems by their labels."""

    match_labels: Annotated[dict[str, str], Field(min_length=1, max_length=16)]
    """Labels that a MockSystem must all carry."""


class Target(Model):
    """Which systems to break: one by name, or some by label."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            (
                "has(self.systemRef) != has(self.selector)",
                "needs exactly one of systemRef and selector",
            ),
            (
                "has(self.selector) || (!has(self.value) && (!has(self.mode) || self.mode == 'one'))",
                "mode and value need a selector",
            ),
            (
                "!has(self.mode) || !(self.mode in ['fixed', 'percent']) || has(self.value)",
                "mode fixed and mode percent need a value",
            ),
            (
                "!has(self.mode) || self.mode != 'percent' || !has(self.value) || self.value <= 100",
                "a percent is from 1 to 100",
            ),
        )
    )

    system_ref: SystemRef | None = None
    """The system, by name."""
    selector: Selector | None = None
    """The systems, by label."""
    mode: SelectionMode = SelectionMode.ONE
    """How many of the selected: one, a fixed number, a percent (rounded up), or all."""
    value: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The number for mode fixed, or the percent for mode percent."""


class ChaosExperimentSpec(Model):
    """What to break, where, and for how long."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            (
                "self.target == oldSelf.target",
                "target is immutable: delete the experiment and create another",
            ),
            (
                "self.fault == oldSelf.fault",
                "fault is immutable: delete the experiment and create another",
            ),
            (
                "self.durationSeconds == oldSelf.durationSeconds",
                "durationSeconds is immutable: delete the experiment and create another",
            ),
            (
                "self.dryRun == oldSelf.dryRun",
                "dryRun is immutable: delete the experiment and create another",
            ),
            (
                (
                    "has(self.schedule) == has(oldSelf.schedule) && "
                    "(!has(self.schedule) || self.schedule == oldSelf.schedule)"
                ),
                "schedule is immutable: delete the experiment and create another",
            ),
            (
                "self.allowOverlap == oldSelf.allowOverlap",
                "allowOverlap is immutable: delete the experiment and create another",
            ),
        )
    )

    target: Target
    """Which systems to break."""
    fault: Fault
    """What to break, with the matching block of parameters."""
    duration_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    """Longest time the fault may last, counted from when it took effect."""
    schedule: Annotated[str, Field(max_length=64)] | None = None
    """Cron expression of five fields in UTC; each firing makes a child experiment, and this one injects nothing."""
    history_limit: Annotated[int, Field(ge=0, le=100)] = 3
    """With a schedule: how many finished children are kept."""
    allow_overlap: bool = False
    """Begin also where another experiment's fault is on a target."""
    dry_run: bool = False
    """Connect to the targets, read all that would be needed, and write nothing."""
    suspend: bool = False
    """Inject nothing while true; a fault in progress is undone. With a schedule: let no firing make a child."""


class TargetPhase(StrEnum):
    """Where the fault stands on one system."""

    PENDING = "Pending"
    INJECTING = "Injecting"
    ACTIVE = "Active"
    RECOVERING = "Recovering"
    RECOVERED = "Recovered"


class UndoRecord(StatusModel):
    """All that is needed to remove the fault, written before its first side effect."""

    tag: ShortText
    """What everything that the fault leaves carries."""
    dead_man: ShortText = ""
    """What ends the fault when the operator never comes back."""
    details: Annotated[
        dict[str, JsonValue],
        Field(
            max_length=16,
            json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        ),
    ] = Field(default_factory=dict)
    """What this kind of fault needs besides."""


class TargetStatus(StatusModel):
    """The fault on one system."""

    system: Name
    """Name of the MockSystem."""
    uid: ShortText
    """Its uid when it was chosen, so that a namesake is never touched."""
    phase: TargetPhase = TargetPhase.PENDING
    """Where the fault stands here."""
    undo: UndoRecord | None = None
    """How it is removed."""
    injected_at: Timestamp | None = None
    """When the fault took effect."""
    recovered_at: Timestamp | None = None
    """When its removal was proven."""
    residue: Annotated[int, Field(ge=0)] | None = None
    """Things with the tag that a scan found after the removal."""
    attempts: Annotated[int, Field(ge=0)] = 0
    """Tries to remove it."""
    last_error: Text = ""
    """Why the last try failed."""


class Measurement(StatusModel):
    """A signal of the target before or during the fault."""

    system: Name
    """Name of the MockSystem."""
    signal: SignalName
    """The signal."""
    health: Percent | None = None
    """Its health; absent when unknown."""
    at: Timestamp
    """When it was measured."""


class ScheduleStatus(StatusModel):
    """What a schedule did, and when it fires next."""

    next_fire_at: Timestamp | None = None
    """The next firing."""
    last_fire_at: Timestamp | None = None
    """The last firing that made a child."""
    last_child: ShortText = ""
    """The name of that child."""
    active_child: ShortText = ""
    """The child that is not final yet; while there is one, no firing makes another."""
    skipped_at: Timestamp | None = None
    """The last firing that made no child."""
    skipped_reason: ShortText = ""
    """Why it made none, in CamelCase, for programs: ChildActive, Suspended, KillSwitch, Missed or NameTaken."""
    skipped_message: Text = ""
    """Why it made none, for people."""


class ChaosExperimentStatus(StatusModel):
    """What was done, what it did, and how the answer to it is graded."""

    phase: ExperimentPhase | None = None
    """Where the experiment stands."""
    reason: ShortText = ""
    """Why it is in this phase, in CamelCase, for programs."""
    message: Text = ""
    """Why it is in this phase, for people."""
    systems: Text = ""
    """The names of its targets as one text for tables."""
    targets: Annotated[list[TargetStatus], Field(max_length=100)] = Field(default_factory=list)
    """The systems that were chosen, pinned by uid."""
    baseline: Annotated[list[Measurement], Field(max_length=200)] = Field(default_factory=list)
    """The signals before the fault."""
    observed_effect: Annotated[list[Measurement], Field(max_length=200)] = Field(default_factory=list)
    """The signals that the fault moved, when it took effect."""
    incidents: Annotated[list[Name], Field(max_length=32)] = Field(default_factory=list)
    """Incidents that its damage opened."""
    started_at: Timestamp | None = None
    """When injection began."""
    injected_at: Timestamp | None = None
    """When the fault had taken effect everywhere."""
    expires_at: Timestamp | None = None
    """When the operator removes it unasked: durationSeconds after it had taken effect."""
    deadline_at: Timestamp | None = None
    """When it ends in any case, counted from when the injection began."""
    schedule: ScheduleStatus | None = None
    """Of an experiment with a schedule: what it did, and when it fires next."""
    recovered_at: Timestamp | None = None
    """When its removal was proven everywhere."""
    healed_by: HealedBy | None = None
    """What ended the harm: a plan, expiry, an abort, or the system itself."""
    grade: DrillReport | None = None
    """How well the incident was handled, by the truth that stands here."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Injected, EffectObserved, Recovered, Stalled."""


class ChaosExperiment(Resource):
    """One fault, bounded in time and always undone."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="ChaosExperiment",
        plural="chaosexperiments",
        singular="chaosexperiment",
        short_names=("chaos",),
        columns=(
            Column("Fault", ".spec.fault.type"),
            Column("Targets", ".status.systems"),
            Column("Phase", ".status.phase"),
            Column("Healed-By", ".status.healedBy"),
            Column("Incident", ".status.incidents[0]"),
            Column("Passed", ".status.grade.grade.passed"),
            Column("Reason", ".status.reason", priority=1),
            Column("Expires", ".status.expiresAt", priority=1),
            Column("Deadline", ".status.deadlineAt", priority=1),
            Column("Schedule", ".spec.schedule", priority=1),
            Column("Next-Fire", ".status.schedule.nextFireAt", priority=1),
            Column("Last-Child", ".status.schedule.lastChild", priority=1),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
        selectable_fields=(".spec.fault.type", ".status.phase"),
    )

    spec: ChaosExperimentSpec
    """What to break, where, and for how long."""
    status: ChaosExperimentStatus = Field(default_factory=ChaosExperimentStatus)
    """What was done, what it did, and how the answer to it is graded."""
