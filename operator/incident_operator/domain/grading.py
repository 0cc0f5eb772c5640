"""How well an incident was handled, by the truth that stands on the experiment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_crds.base import DRILL_LABEL
from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_crds.chaosexperiment import ChaosExperiment, HealedBy
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_crds.report import (
    DrillReport,
    Durations,
    Grade,
    ReportDiagnosis,
    ReportIncident,
    ReportPlan,
)
from incident_operator.domain.history import seconds_between
from incident_operator.domain.lifecycle import HEALS_ITSELF


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan of all targets found: things with the fault's tag, and ordinary things that are missing."""

    residue: int
    collateral: int


def choose_incident(incidents: Sequence[Incident], signal: SignalName | None) -> Incident | None:
    """The incident that is graded: of the fault's own signal where there is one, else the first."""
    ordered = sorted(incidents, key=lambda i: (i.spec.signal != signal, i.status.number))
    return ordered[0] if ordered else None


def grade_run(
    experiment: ChaosExperiment,
    incidents: Sequence[Incident],
    plans: Sequence[RemediationPlan],
    *,
    signal: SignalName | None,
    acceptable: Collection[ActionType],
    scanned: Scan | None,
) -> DrillReport:
    """The report of a finished experiment. `plans` are those of its incidents, of which the run's own are graded.

    Without a scan nobody knows what is left: the run does not pass.
    """
    incident = choose_incident(incidents, signal)
    own = [p for p in plans if incident is not None and _is_of_run(p, incident, experiment)]
    plan = _choose_plan(own)
    diagnosis = _report_diagnosis(experiment, incident)
    grade = _grade(experiment, incident, own, diagnosis, acceptable=acceptable, scanned=scanned)
    return DrillReport(
        drill=experiment.metadata.labels.get(DRILL_LABEL, ""),
        experiment=experiment.metadata.name,
        incident=ReportIncident(
            name=incident.metadata.name,
            number=incident.status.number,
            phase=incident.status.phase or "",
            reason=incident.status.reason or "",
        )
        if incident
        else ReportIncident(),
        diagnosis=diagnosis,
        plan=ReportPlan(
            name=plan.metadata.name,
            approved_by=plan.status.decision.by if plan.status.decision and plan.status.decision.approved else "",
            actions=[a.type for a in plan.spec.actions],
        )
        if plan
        else ReportPlan(),
        grade=grade,
        durations=_durations(experiment.status.injected_at, incident, plan),
    )


def _is_of_run(plan: RemediationPlan, incident: Incident, experiment: ChaosExperiment) -> bool:
    """A reopened incident has plans from before as well."""
    started = experiment.status.started_at
    is_new = started is None or plan.metadata.is_created_since(started)
    return is_new and plan.spec.incident_ref == incident.metadata.name


def _choose_plan(plans: Sequence[RemediationPlan]) -> RemediationPlan | None:
    """The one that succeeded, else the latest that ran, else the latest."""
    ordered = sorted(
        plans,
        key=lambda p: (
            p.status.phase is PlanPhase.SUCCEEDED,
            bool(p.status.action_results),
            p.spec.attempt,
            p.metadata.name,
        ),
    )
    return ordered[-1] if ordered else None


def _report_diagnosis(experiment: ChaosExperiment, incident: Incident | None) -> ReportDiagnosis:
    diagnosis = incident.status.diagnosis if incident else None
    if diagnosis is None:
        return ReportDiagnosis()
    cause = diagnosis.root_cause
    hit = {target.system for target in experiment.status.targets}
    correct = cause.fault_type is experiment.spec.fault.type and cause.system in hit
    return ReportDiagnosis(
        provider=diagnosis.provider, system=cause.system, fault_type=cause.fault_type, correct=correct
    )


def _grade(
    experiment: ChaosExperiment,
    incident: Incident | None,
    plans: Sequence[RemediationPlan],
    diagnosis: ReportDiagnosis,
    *,
    acceptable: Collection[ActionType],
    scanned: Scan | None,
) -> Grade:
    residue, collateral = (scanned.residue, scanned.collateral) if scanned else (0, 0)
    clean = scanned is not None and residue == 0 and collateral == 0
    if experiment.spec.fault.type is FaultType.NONE:
        quiet = incident is None
        return Grade(
            detected=quiet,
            cause_correct=quiet,
            action_correct=not plans,
            verified=quiet,
            residue=residue,
            collateral=collateral,
            passed=quiet and not plans and clean,
        )
    executed = [r.type for p in plans for r in p.status.action_results]
    may_wait = experiment.spec.fault.type in HEALS_ITSELF  # then to do nothing is right, too
    action_correct = (bool(executed) or may_wait) and set(executed) <= set(acceptable) and collateral == 0
    proven = any(p.status.phase is PlanPhase.SUCCEEDED and p.status.verified_at for p in plans)
    is_resolved = incident is not None and incident.status.phase is IncidentPhase.RESOLVED
    reason = incident.status.reason if incident else None
    verified = is_resolved and (
        (reason is ResolvedReason.VERIFIED and proven) or (may_wait and reason is ResolvedReason.SELF_RECOVERED)
    )
    # not by the fault's own undo
    is_healed = experiment.status.healed_by in ((HealedBy.PLAN, HealedBy.SELF) if may_wait else (HealedBy.PLAN,))
    passed = incident is not None and diagnosis.correct and action_correct and verified and is_healed
    return Grade(
        detected=incident is not None,
        cause_correct=diagnosis.correct,
        action_correct=action_correct,
        verified=verified,
        residue=residue,
        collateral=collateral,
        passed=passed and clean,
    )


def _durations(injected_at: datetime | None, incident: Incident | None, plan: RemediationPlan | None) -> Durations:
    if incident is None:
        return Durations()
    t = incident.status.timestamps
    # an incident opened while the fault was still growing counts from the breach that it was opened for
    start = min((x for x in (injected_at, t.breached_at) if x is not None), default=None)
    executed = max((r.ended_at for r in plan.status.action_results if r.ended_at), default=None) if plan else None
    verified = plan.status.verified_at if plan else None
    hold = seconds_between(plan.status.held_since, verified) if plan else None
    approve = seconds_between(t.plan_proposed_at, t.approved_at)
    total = seconds_between(start, t.resolved_at)
    machine = None if total is None else round(max(0.0, total - (approve or 0.0) - (hold or 0.0)), 3)
    return Durations(
        detect=seconds_between(start, t.detected_at),
        diagnose=seconds_between(t.detected_at, t.diagnosed_at),
        propose=seconds_between(t.diagnosed_at, t.plan_proposed_at),
        approve=approve,
        execute=seconds_between(t.approved_at, executed),
        verify=seconds_between(executed, verified),
        hold=hold,
        resolve=seconds_between(verified, t.resolved_at),
        total=total,
        machine=machine,
    )


def shortcomings(grade: Grade) -> list[str]:
    """The checks that a run did not pass."""
    passed = {
        "detected": grade.detected,
        "cause": grade.cause_correct,
        "action": grade.action_correct,
        "verified": grade.verified,
        "residue": grade.residue == 0,
        "collateral": grade.collateral == 0,
    }
    return [check for check, is_right in passed.items() if not is_right]
