"""Counts what happened, once: each change of an object as the store sees it, from what was known to what is.

The store takes an object only in a newer version than it has, and only the operator that acts writes a status, so
that it sees each change exactly once. What a process finds when it starts was counted by the one before it: the first
sight of an object counts nothing.
"""

from __future__ import annotations

from datetime import datetime

from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment, TargetPhase
from incident_crds.incident import Incident, IncidentPhase, IncidentType, Timestamps
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator import metrics
from incident_operator.domain.grading import shortcomings

_MILESTONES = (
    ("detect", "breached_at", "detected_at"),
    ("acknowledge", "detected_at", "acknowledged_at"),
    ("diagnose", "detected_at", "diagnosed_at"),
    ("propose", "diagnosed_at", "plan_proposed_at"),
    ("approve", "plan_proposed_at", "approved_at"),
    ("resolve", "breached_at", "resolved_at"),
)


def note_change(before: Resource, after: Resource) -> None:
    """An object was replaced by a newer version of itself."""
    match before, after:
        case Incident(), Incident():
            _note_incident(before, after)
        case RemediationPlan(), RemediationPlan():
            _note_plan(before, after)
        case ChaosExperiment(), ChaosExperiment():
            _note_experiment(before, after)
        case _:
            pass  # of the other kinds there is nothing to tell


def _note_incident(before: Incident, after: Incident) -> None:
    if after.is_consultation:
        return
    was, now = before.status.phase, after.status.phase
    severity = after.status.severity.value if after.status.severity else ""
    if was is None and now is not None:
        metrics.INCIDENTS_OPENED.labels(severity).inc()
    if was is IncidentPhase.RESOLVED and now is not IncidentPhase.RESOLVED:
        metrics.INCIDENTS_REOPENED.labels(severity).inc()
    if was is not IncidentPhase.RESOLVED and now is IncidentPhase.RESOLVED:
        reason = after.status.reason.value if after.status.reason else ""
        metrics.INCIDENTS_RESOLVED.labels(severity, reason).inc()
    if after.spec.incident_type is IncidentType.REAL_SYSTEM:
        known = before.status.timestamps if before.status.occurrences == after.status.occurrences else Timestamps()
        for stage, start, end in _MILESTONES:
            if getattr(known, end) is None:
                _observe(stage, getattr(after.status.timestamps, start), getattr(after.status.timestamps, end))


def _observe(stage: str, start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None:
        metrics.STAGE_DURATION.labels(stage).observe(max(0.0, (end - start).total_seconds()))


def _note_plan(before: RemediationPlan, after: RemediationPlan) -> None:
    decision = after.status.decision
    if before.status.decision is None and decision is not None:
        metrics.PLAN_DECISIONS.labels("approved" if decision.approved else "rejected").inc()
    was, now = before.status.phase, after.status.phase
    if now is None or was is now or not now.is_final:
        return
    metrics.PLANS_ENDED.labels(now.value).inc()
    # only the plan that ended its incident: so each stage of an incident has one duration
    if now is PlanPhase.SUCCEEDED and not after.spec.dry_run and decision is not None:
        started = after.status.verification_started_at
        _observe("execute", decision.at, started)
        _observe("verify", started, after.status.verified_at)


def _note_experiment(before: ChaosExperiment, after: ChaosExperiment) -> None:
    fault = after.spec.fault.type.value
    was, now = before.status.phase, after.status.phase
    if now is not None and now.is_final and was is not now:
        metrics.EXPERIMENTS_ENDED.labels(fault, now.value).inc()
    attempts = {t.system: t.attempts for t in before.status.targets}
    for target in after.status.targets:
        if target.phase is not TargetPhase.RECOVERED:
            failed = max(0, target.attempts - attempts.get(target.system, 0))
            metrics.RECOVERY_FAILURES.labels(fault).inc(failed)
    if before.status.grade is None and after.status.grade is not None:
        grade = after.status.grade.grade
        metrics.DRILLS_GRADED.labels(fault, "passed" if grade.passed else "failed").inc()
        for check in shortcomings(grade):
            metrics.DRILL_FINDINGS.labels(check).inc()
