"""When a fault ends, and what that makes of its experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase, HealedBy
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason
from incident_crds.mocksystem import MockSystem

HEALS_ITSELF = frozenset({FaultType.POD_KILL})
"""Harm that is expected to end without a plan: somebody else mends it, and the drill is about seeing that."""


DEAD_MAN_SLACK = timedelta(seconds=5)
"""What a dead-man may be late by."""


class EndReason(StrEnum):
    """Why a fault ends."""

    HEALED_BY_PLAN = "HealedByPlan"
    HEALED_BY_SELF = "HealedBySelf"
    EXPIRED = "Expired"
    DELETED = "Deleted"
    SUSPENDED = "Suspended"
    KILL_SWITCH = "KillSwitch"
    OPERATOR_RESTARTED = "OperatorRestarted"
    TARGET_DELETED = "TargetDeleted"
    INJECTION_FAILED = "InjectionFailed"
    NO_EFFECT = "NoEffect"

    @property
    def final_phase(self) -> ExperimentPhase:
        """What the experiment is once the fault is undone."""
        if self in (self.INJECTION_FAILED, self.NO_EFFECT):
            return ExperimentPhase.FAILED
        if self in (self.HEALED_BY_PLAN, self.HEALED_BY_SELF, self.EXPIRED):
            return ExperimentPhase.RECOVERED
        return ExperimentPhase.ABORTED

    @property
    def healed_by(self) -> HealedBy:
        """What ended the harm."""
        match self:
            case EndReason.HEALED_BY_PLAN:
                return HealedBy.PLAN
            case EndReason.HEALED_BY_SELF:
                return HealedBy.SELF
            case EndReason.EXPIRED:
                return HealedBy.EXPIRY
            case _:
                return HealedBy.ABORT


def undo_pause(attempts: int) -> timedelta:
    """How long to wait after so many tries to undo: from a second to half a minute."""
    return timedelta(seconds=min(30.0, 0.5 * 2 ** min(6, attempts)))


def is_left_to_dead_man(experiment: ChaosExperiment, *, now: datetime) -> bool:
    """Whether a deletion may go on though nobody can enter the system any more: its dead-man has acted by now.

    Such as when a namespace was deleted, its Secrets at once, while no operator was there to undo anything.
    """
    deadline = experiment.status.deadline_at
    is_deleted = experiment.metadata.deletion_timestamp is not None
    return is_deleted and deadline is not None and now >= deadline + DEAD_MAN_SLACK


def is_harm_since(started: datetime, incident: Incident, system: MockSystem) -> bool:
    """Whether the incident is about harm that the system took since: it was opened for it, or that joined it later.

    A breach that came after its end is none of its harm before it is open again.
    """
    stamps = incident.status.timestamps
    if stamps.breached_at is not None and stamps.breached_at >= started:
        return True
    joined = [b.breached_at for b in system.status.breaches if b.incident == incident.metadata.name and b.breached_at]
    return any(at >= started and (stamps.resolved_at is None or at < stamps.resolved_at) for at in joined)


@dataclass(frozen=True, slots=True)
class End:
    """Why the fault ends now, for programs and for people."""

    reason: EndReason
    message: str


def decide_end(
    experiment: ChaosExperiment,
    incidents: Sequence[Incident],
    *,
    is_ours: bool,
    targets_deleted: bool,
    plan_running: bool,
    halted: str | None,
    effect_overdue: bool,
    now: datetime,
) -> End | None:
    """Why an injected fault must end now, or None where it goes on.

    `is_ours`: this process injected it; sockets of a dead process cannot be resumed, so any other
    fault is undone. `plan_running`: a plan for its incident executes or verifies, which expiry
    awaits, but the deadline does not.
    """
    if not is_ours:
        return End(EndReason.OPERATOR_RESTARTED, "the operator that injected it is gone; the fault is undone")
    if experiment.metadata.deletion_timestamp is not None:
        return End(EndReason.DELETED, "the experiment was deleted")
    if targets_deleted:
        return End(EndReason.TARGET_DELETED, "a target was deleted or replaced")
    if halted is not None:
        return End(EndReason.KILL_SWITCH, f"the kill switch is on: {halted}")
    if experiment.spec.suspend:
        return End(EndReason.SUSPENDED, "spec.suspend is true")
    if effect_overdue and experiment.spec.fault.type is not FaultType.NONE:
        return End(EndReason.NO_EFFECT, "no signal of the target moved below its threshold")
    return _decide_healed(incidents) or _decide_expired(experiment, plan_running=plan_running, now=now)


def _decide_healed(incidents: Sequence[Incident]) -> End | None:
    if not incidents or any(i.status.phase is not IncidentPhase.RESOLVED for i in incidents):
        return None
    reasons = {i.status.reason for i in incidents}
    if not reasons & {ResolvedReason.VERIFIED, ResolvedReason.SELF_RECOVERED}:
        return None  # a person closed it; the harm goes on
    numbers = ", ".join(i.status.number for i in incidents)
    if ResolvedReason.VERIFIED in reasons:
        return End(EndReason.HEALED_BY_PLAN, f"a plan ended the harm ({numbers})")
    return End(EndReason.HEALED_BY_SELF, f"the harm ended without a plan ({numbers})")


def _decide_expired(experiment: ChaosExperiment, *, plan_running: bool, now: datetime) -> End | None:
    status = experiment.status
    if status.deadline_at is not None and now >= status.deadline_at:
        return End(EndReason.EXPIRED, "its longest time, counted from when the injection began, is over")
    if status.expires_at is not None and now >= status.expires_at and not plan_running:
        return End(EndReason.EXPIRED, f"its {experiment.spec.duration_seconds} s are over")
    return None
