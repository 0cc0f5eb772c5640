"""What an incident's plans add to its story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from incident_crds.incident import IncidentPhase, IncidentStatus, Timestamps
from incident_crds.remediationplan import ActionResult, PlanPhase, RemediationPlan
from incident_operator.domain.history import OPERATOR, compute_durations, with_entry, with_phase
from incident_operator.domain.rollback import ROLLBACK_FAILED


def with_plans(status: IncidentStatus, plans: Sequence[RemediationPlan], *, now: datetime) -> IncidentStatus:
    """The status with what its plans have come to: milestones, names, column and timeline."""
    names = [p.metadata.name for p in plans]
    for plan in plans:
        if plan.metadata.name not in status.plans and plan.status.phase not in (None, PlanPhase.PROPOSED):
            status = _with_proposal(status, plan, now=now)
        status = _with_decision(status, plan)
        status = _with_execution(status, plan, now=now)
    known = [*status.plans, *(n for n in names if n not in status.plans)]
    if known != status.plans:
        # a plan that is not checked yet is named once it has been put to people, with its entry
        ready = {p.metadata.name for p in plans if p.status.phase not in (None, PlanPhase.PROPOSED)}
        status = status.model_copy(update={"plans": [n for n in known if n in ready or n in status.plans][-32:]})
    return status


def _stamp(status: IncidentStatus, **times: datetime | None) -> IncidentStatus:
    missing = {k: v for k, v in times.items() if v is not None and getattr(status.timestamps, k) is None}
    if not missing:
        return status
    stamps: Timestamps = status.timestamps.model_copy(update=missing)
    return status.model_copy(update={"timestamps": stamps, "durations": compute_durations(stamps)})


def _with_proposal(status: IncidentStatus, plan: RemediationPlan, *, now: datetime) -> IncidentStatus:
    expires = plan.status.expires_at
    at = expires - timedelta(seconds=plan.spec.expires_after_seconds) if expires else now
    types = ", ".join(a.type for a in plan.spec.actions)
    if plan.status.phase is PlanPhase.FAILED and expires is None:
        detail = f"{plan.metadata.name} was refused: {plan.status.message}"
        return with_entry(status, at=now, actor=OPERATOR, type="PlanRefused", detail=detail)
    detail = f"{plan.metadata.name}: {types}; risk {plan.status.risk}, hash {plan.status.plan_hash}"
    status = with_entry(status, at=at, actor=plan.spec.author or OPERATOR, type="PlanProposed", detail=detail)
    return _stamp(status, plan_proposed_at=at)


def _with_decision(status: IncidentStatus, plan: RemediationPlan) -> IncidentStatus:
    decision = plan.status.decision
    if decision is None or any(e.at == decision.at and e.actor == decision.by for e in status.timeline):
        return status
    kind = "PlanApproved" if decision.approved else "PlanRejected"
    detail = plan.metadata.name if decision.approved else f"{plan.metadata.name}: {decision.reason}"
    status = with_entry(status, at=decision.at, actor=decision.by, type=kind, detail=detail)
    approved_at = decision.at if decision.approved else None
    return _stamp(status, acknowledged_at=decision.at, approved_at=approved_at)


def _with_execution(status: IncidentStatus, plan: RemediationPlan, *, now: datetime) -> IncidentStatus:
    results = plan.status.action_results
    if results:
        status = _stamp(status, execution_started_at=results[0].started_at)
    for result in results:
        if result.ended_at is None or any(e.at == result.ended_at and e.type == result.type for e in status.timeline):
            continue
        status = with_entry(status, at=result.ended_at, actor=OPERATOR, type=result.type, detail=result.output)
    for result in results:
        status = _with_rollback(status, result)
    if plan.status.phase is PlanPhase.SUCCEEDED:
        status = _stamp(status, mitigated_at=plan.status.held_since)
    running = plan.status.phase is not None and plan.status.phase.is_running
    if running and status.phase is not IncidentPhase.RESOLVED:
        return with_phase(status, IncidentPhase.FIXING, at=now, actor=OPERATOR, reason=f"{plan.metadata.name} runs")
    return status


def _with_rollback(status: IncidentStatus, result: ActionResult) -> IncidentStatus:
    back = result.rolled_back
    if back is None or back.ended_at is None:
        return status
    kind = "ActionRolledBack" if back.succeeded else ROLLBACK_FAILED
    if any(e.at == back.ended_at and e.type == kind for e in status.timeline):
        return status
    detail = f"{result.type} ({result.id}): {back.output}"
    return with_entry(status, at=back.ended_at, actor=OPERATOR, type=kind, detail=detail)
