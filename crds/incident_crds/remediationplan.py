"""RemediationPlan: what the agent wants to do, and whether it may."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, JsonValue

from incident_crds.action import Action
from incident_crds.base import (
    Column,
    Conditions,
    KindInfo,
    LongText,
    Model,
    Name,
    Percent,
    Resource,
    ShortText,
    StatusModel,
    Text,
    Timestamp,
    cel,
)
from incident_crds.catalogue import ActionType, Risk, SignalName


class PlanPhase(StrEnum):
    """Where the plan stands."""

    PROPOSED = "Proposed"
    AWAITING_APPROVAL = "AwaitingApproval"
    APPROVED = "Approved"
    EXECUTING = "Executing"
    VERIFYING = "Verifying"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ROLLED_BACK = "RolledBack"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    SUPERSEDED = "Superseded"

    @property
    def is_final(self) -> bool:
        return self in (
            self.SUCCEEDED,
            self.FAILED,
            self.ROLLED_BACK,
            self.REJECTED,
            self.EXPIRED,
            self.SUPERSEDED,
        )

    @property
    def is_running(self) -> bool:
        return self in (self.APPROVED, self.EXECUTING, self.VERIFYING)


class VerificationCheck(Model):
    """One thing that must hold for the plan to have worked."""

    system: Name
    """The MockSystem to measure."""
    signal: SignalName
    """The signal to measure."""
    min_health: Percent = 50
    """Health that it must not fall below."""
    hold_seconds: Annotated[int, Field(ge=1, le=600)] = 5
    """How long it must hold."""
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """How long it may take to begin to hold."""


class RemediationPlanSpec(Model):
    """What the agent wants to do. Immutable: a changed plan is a new plan."""

    model_config = ConfigDict(json_schema_extra=cel("self == oldSelf", "a plan is immutable: create another"))

    incident_ref: Name
    """The Incident that it is to end."""
    attempt: Annotated[int, Field(ge=1, le=100)] = 1
    """Which try at this incident it is."""
    author: ShortText = ""
    """Who proposes it: a provider, or an external agent's user."""
    analysis: LongText = ""
    """What the author believes is wrong."""
    reasoning: LongText = ""
    """Why these actions."""
    actions: Annotated[
        list[Action],
        Field(
            min_length=1,
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["id"],
            },
        ),
    ]
    """The steps, in order."""
    verification: Annotated[list[VerificationCheck], Field(min_length=1, max_length=16)]
    """What must hold afterwards."""
    expires_after_seconds: Annotated[int, Field(ge=10, le=86400)] = 1800
    """Seconds after which it can no longer be approved."""
    dry_run: bool = False
    """Do all but the actions themselves."""


class Decision(StatusModel):
    """What was decided, by whom. Written once."""

    approved: bool
    """Approved, or rejected."""
    by: ShortText
    """The authenticated user, as the API server stamped it."""
    via: ShortText = "annotation"
    """The door it came through, as whoever decided says: kubectl, board, api or plugin; annotation where nobody says.
    It is information only: nothing is allowed or refused by it."""
    at: Timestamp
    """When the operator saw it."""
    reason: Text = ""
    """Why it was rejected."""
    plan_hash: ShortText = ""
    """The hash that was approved."""


Readings = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=32,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    ),
]
"""What was read from a target, by name."""


class ActionRollback(StatusModel):
    """How one action was taken back, by a measurement afterwards."""

    started_at: Timestamp
    """Written before anything was taken back, so that a restart sees it."""
    ended_at: Timestamp | None = None
    """When it was over."""
    succeeded: bool = False
    """The target was measured to be as it was before the action."""
    output: Text = ""
    """What was done, or why nothing could be, for people."""
    after: Readings = Field(default_factory=dict)
    """What was read from the target when it was over."""


class ActionResult(StatusModel):
    """What one action did, by measurements before and after."""

    id: ShortText
    """The action's id."""
    type: ActionType
    """The action's type."""
    started_at: Timestamp
    """Written before the action began, so that a restart sees it."""
    ended_at: Timestamp | None = None
    """When it was done."""
    succeeded: bool = False
    """Its effect was measured on the target."""
    output: Text = ""
    """What was done, for people."""
    before: Readings = Field(default_factory=dict)
    """What was read from the target before."""
    after: Readings = Field(default_factory=dict)
    """What was read from the target after."""
    rolled_back: ActionRollback | None = None
    """How it was taken back, where the plan made things worse or went no further."""


class VerificationSample(StatusModel):
    """One measurement while the plan was verified."""

    at: Timestamp
    """When."""
    system: Name
    """The MockSystem."""
    signal: SignalName
    """The signal."""
    health: Percent | None = None
    """Its health; absent when unknown, which does not pass."""
    ok: bool = False
    """It was at or above the check's minimum."""


class Rollback(StatusModel):
    """Why a plan's actions are taken back. Written before the first is."""

    started_at: Timestamp
    """When it was decided."""
    reason: ShortText
    """Why, in CamelCase, for programs."""
    message: Text = ""
    """Why, for people."""


class PinnedTarget(StatusModel):
    """A system as it was when the plan was proposed."""

    system: Name
    """Name of the MockSystem."""
    uid: ShortText
    """Its uid."""
    generation: int = 0
    """Its metadata.generation."""


class RemediationPlanStatus(StatusModel):
    """What became of the plan. Written by the operator only."""

    phase: PlanPhase | None = None
    """Where the plan stands."""
    reason: ShortText = ""
    """Why it is in this phase, in CamelCase, for programs."""
    message: Text = ""
    """Why it is in this phase, for people."""
    risk: Risk | None = None
    """The highest risk of its actions."""
    actions: Text = ""
    """The types of its actions, in order, as one text for tables."""
    plan_hash: ShortText = ""
    """What an approval must name: a hash of the spec and of the systems as they were."""
    targets: Annotated[list[PinnedTarget], Field(max_length=16)] = Field(default_factory=list)
    """The systems as they were when the plan was proposed."""
    expires_at: Timestamp | None = None
    """When it can no longer be approved."""
    decision: Decision | None = None
    """What was decided, by whom."""
    before: Annotated[list[VerificationSample], Field(max_length=16)] = Field(default_factory=list)
    """What the checks measured before the first action."""
    action_results: Annotated[list[ActionResult], Field(max_length=16)] = Field(default_factory=list)
    """What each action did."""
    verification_started_at: Timestamp | None = None
    """When verification began."""
    held_since: Timestamp | None = None
    """Since when every check has held without a break."""
    verified_at: Timestamp | None = None
    """When every check had held for its window."""
    verification_samples: Annotated[list[VerificationSample], Field(max_length=60)] = Field(default_factory=list)
    """The latest measurements while it was verified."""
    rollback: Rollback | None = None
    """Why its actions were taken back; the plan goes on running until that is over."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Approved, Executed, Verified, Succeeded."""


class RemediationPlan(Resource):
    """What the agent wants to do, and whether it may."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="RemediationPlan",
        plural="remediationplans",
        singular="remediationplan",
        short_names=("rplan",),
        columns=(
            Column("Incident", ".spec.incidentRef"),
            Column("Risk", ".status.risk"),
            Column("Actions", ".status.actions"),
            Column("Phase", ".status.phase"),
            Column("Hash", ".status.planHash"),
            Column("Decided-By", ".status.decision.by"),
            Column("Reason", ".status.reason", priority=1),
            Column("Expires", ".status.expiresAt", priority=1),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
        selectable_fields=(".spec.incidentRef", ".status.phase"),
    )

    spec: RemediationPlanSpec
    """What the agent wants to do."""
    status: RemediationPlanStatus = Field(default_factory=RemediationPlanStatus)
    """What became of it."""
