"""The JSON of each resource, in the words that users of the earlier simulator know, with the new fields beside them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from incident_api.board.records import (
    OF_SOURCE,
    Action,
    ActionResult,
    Capabilities,
    Condition,
    Decision,
    DrillReport,
    EvidenceDocument,
    Fault,
    IncidentDurations,
    Measurement,
    ProviderAttempt,
    RootCause,
    SignalStatus,
    Target,
    TargetStatus,
    TimelineEntry,
    Timestamps,
    VerificationCheck,
    VerificationSample,
)
from incident_api.board.words import (
    ExecutionStatusName,
    ExperimentStatusName,
    IncidentStatusName,
    IncidentTypeName,
    RemediationModeName,
    SystemStatusName,
)
from incident_crds.base import Timestamp
from incident_crds.catalogue import Risk, Severity, SignalName, SystemType
from incident_crds.chaosexperiment import HealedBy


class View(BaseModel):
    """A part of an answer. Every field is always there; what is not known is null."""

    model_config = OF_SOURCE


class ObjectView(View):
    """What every object has."""

    id: str
    """The object's uid."""
    name: str
    """Its name in the cluster, as kubectl shows it."""
    namespace: str
    """Its namespace."""
    created_at: Timestamp | None
    """When it was created."""
    updated_at: Timestamp | None
    """When it was last written."""
    resource_version: str
    """Its version; the ETag of the object."""


class Analysis(View):
    """What is believed to be wrong with an incident."""

    severity: Severity
    """How bad the diagnosis says that it is."""
    diagnosis: str
    """What is wrong, in a sentence or two."""
    diagnosis_provider: str
    """Who diagnosed."""
    model: str
    """Which model, where there was one."""
    solution: str
    """What should be done."""
    solution_provider: str
    """Who said so."""
    confidence: Annotated[int, Field(ge=0, le=100)]
    """How sure the diagnoser is; shown, never used to approve."""
    root_cause: RootCause
    """The system and fault that are blamed."""
    latency_ms: int
    """How long the diagnosis took."""


class StatusHistoryEntry(View):
    """One move from column to column."""

    from_status: IncidentStatusName | None
    to_status: IncidentStatusName
    changed_at: Timestamp
    actor: str
    reason: str


class RefusedRequest(View):
    """The latest request about the incident that was refused."""

    id: str
    reason: str
    """For programs, in CamelCase."""
    message: str
    at: Timestamp


class IncidentView(ObjectView):
    """An incident as lists and the stream show it."""

    number: str
    """Running number such as INC-0001; empty until the operator has seen it."""
    message: str
    """One line that says what is wrong."""
    description: str
    """More about it."""
    source: str
    """System or service that reported it."""
    status: IncidentStatusName
    """The board's column."""
    severity: Severity | None
    """A person's where set, else the diagnosis's, else by the signal."""
    severity_forced: bool
    """A person set the severity: a diagnosis does not change it."""
    team: str
    """Team that handles it."""
    assignee: str
    """Person who handles it."""
    notes: str
    """Free text of the people who handle it."""
    generated_by: str
    """What made it: the detector, a generator, or a person."""
    incident_type: IncidentTypeName
    """Whether something real is behind it."""
    actionable: bool
    """A plan may act on it. Computed, never taken from a client."""
    affected_systems: list[str]
    """Systems in the same namespace."""
    remediation_mode: RemediationModeName
    """How far the agent may go."""
    metadata: dict[str, str]
    """Custom fields."""
    analysis: Analysis | None
    """What is believed to be wrong; null until it is diagnosed."""
    status_history: list[StatusHistoryEntry]
    """Every move from column to column, oldest first."""
    resolved_reason: str | None
    """Verified, SelfRecovered, ManualOverride, FalseAlarm or MergedInto; null while it is open."""
    merged_into: str
    """The incident that goes on in its place."""
    escalated: str | None
    """Why a person is needed; null while none is."""
    signals: list[SignalName]
    """Signals that broke under it."""
    occurrences: int
    """Times the breach came, relapses included."""
    relapses: int
    """Times it came back within two minutes of being resolved."""
    plans: list[str]
    """Names of its plans, oldest first."""
    timestamps: Timestamps
    """The milestones."""
    durations: IncidentDurations
    """Seconds between milestones."""
    refused_request: RefusedRequest | None
    """The latest request that was refused, and why."""


class ExecutionView(ObjectView):
    """A remediation plan and what became of it, as an execution of the agent."""

    incident_id: str
    """The incident's uid; empty when it is gone."""
    incident_name: str
    """The incident's name."""
    attempt: int
    """Which try at this incident it is."""
    author: str
    """Who proposed it."""
    status: ExecutionStatusName
    """Where it stands."""
    reason: str
    """Why it is there, for programs."""
    message: str
    """Why it is there, for people."""
    analysis: str
    """What the author believes is wrong."""
    reasoning: str
    """Why these actions."""
    recommended_actions: list[Action]
    """The steps, in order."""
    executed_actions: list[ActionResult]
    """What each step did, by measurements before and after."""
    execution_output: str
    """What the steps said, a line each."""
    risk_assessment: Risk | None
    """The highest risk of its actions."""
    plan_hash: str
    """What an approval must name."""
    decision: Decision | None
    """What was decided, by whom."""
    expires_at: Timestamp | None
    """When it can no longer be approved."""
    dry_run: bool
    """All but the actions themselves is done."""
    verification: list[VerificationCheck]
    """What must hold afterwards."""
    verification_samples: list[VerificationSample]
    """The latest measurements while it was verified."""
    verified_at: Timestamp | None
    """When every check had held for its window."""


class PreviousIncident(View):
    """An earlier incident of the same system and signal."""

    id: str
    name: str
    number: str
    resolved_at: Timestamp | None


class IncidentDetail(IncidentView):
    """One incident with its whole story."""

    timeline: list[TimelineEntry]
    """Everything that happened, oldest first."""
    evidence: EvidenceDocument | None
    """What the diagnosis stands on, and what a model was sent."""
    diagnosis_evidence: list[str]
    """The measurements that the diagnosis names."""
    fallback_chain: list[ProviderAttempt]
    """Every provider that was asked, in order."""
    conditions: list[Condition]
    """Diagnosed, PlanProposed, Resolved, Escalated."""
    executions: list[ExecutionView]
    """Its plans, oldest first."""
    previous: PreviousIncident | None
    """The incident of the same system and signal before this one."""


class ExperimentView(ObjectView):
    """One fault: what was broken, what it did, and how the answer to it was graded."""

    scenario: str
    """Name of the scenario that it was made from; empty for one of its own."""
    fault: Fault
    """What is broken, with its parameters."""
    target: Target
    """Which systems were asked for."""
    systems: list[TargetStatus]
    """Which systems were chosen, and where the fault stands on each."""
    duration_seconds: int
    """Longest time the fault may last."""
    dry_run: bool
    suspended: bool
    """It was stopped, or may not begin."""
    status: ExperimentStatusName
    """Where it stands."""
    reason: str
    """Why it is there, for programs."""
    message: str
    """Why it is there, for people."""
    baseline: list[Measurement]
    """The signals before the fault."""
    observed_effect: list[Measurement]
    """The signals that the fault moved."""
    incidents: list[str]
    """Names of the incidents that its damage opened."""
    started_at: Timestamp | None
    injected_at: Timestamp | None
    expires_at: Timestamp | None
    """When the operator removes it unasked."""
    deadline_at: Timestamp | None
    """When it ends in any case."""
    recovered_at: Timestamp | None
    """When its removal was proven."""
    healed_by: HealedBy | None
    """What ended the harm."""
    grade: DrillReport | None
    """How well the incident was handled."""


class SystemView(ObjectView):
    """A mock system as it was last measured."""

    type: SystemType
    status: SystemStatusName
    """Whether it can be reached."""
    health: int | None
    """0 is worst, 100 is healthy: the lowest known signal."""
    threshold_percent: int
    """A signal below this health opens an incident."""
    will_trigger_incident: bool
    """A signal is below the threshold, or it cannot be reached."""
    signals: list[SignalStatus]
    """Each signal's latest measurement."""
    capabilities: Capabilities
    """What can be done to it."""
    open_incidents: list[str]
    """Names of its incidents that are not resolved."""
    protected: bool
    """No experiment may target it."""
    team: str
    depends_on: list[str]
    message: str
    """Why it is not ready."""
    last_probe_at: Timestamp | None
    """When it was last probed, as of the last write of its status."""
