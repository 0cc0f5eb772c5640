"""The words of the REST API for where things stand."""

from __future__ import annotations

from enum import StrEnum


class IncidentStatusName(StrEnum):
    """The four columns of the board."""

    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    FIXING = "fixing"
    RESOLVED = "resolved"


class IncidentTypeName(StrEnum):
    """Whether something real is behind an incident."""

    REAL_SYSTEM = "real_system"
    SYNTHETIC = "synthetic"
    TRAINING = "training"


class RemediationModeName(StrEnum):
    """How far the agent may go: propose and execute, nothing unasked, or diagnose only."""

    AUTOMATED = "automated"
    MANUAL = "manual"
    ADVISORY = "advisory"


class ExecutionStatusName(StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class ExperimentStatusName(StrEnum):
    """Where an experiment stands."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    REJECTED = "rejected"
    INJECTING = "injecting"
    ACTIVE = "active"
    RECOVERING = "recovering"
    RECOVERED = "recovered"
    ABORTED = "aborted"
    FAILED = "failed"


class SystemStatusName(StrEnum):
    """Whether a system can be reached."""

    PENDING = "pending"
    READY = "ready"
    UNREACHABLE = "unreachable"
