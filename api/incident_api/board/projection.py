"""From a resource to its view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from incident_api.board.views import (
    Analysis,
    ExecutionView,
    ExperimentView,
    IncidentDetail,
    IncidentView,
    PreviousIncident,
    RefusedRequest,
    StatusHistoryEntry,
    SystemView,
)
from incident_api.board.words import (
    ExecutionStatusName,
    ExperimentStatusName,
    IncidentStatusName,
    IncidentTypeName,
    RemediationModeName,
    SystemStatusName,
)
from incident_crds.base import DRILL_LABEL, Resource
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.diagnosis import Diagnosis
from incident_crds.incident import Incident, IncidentPhase, IncidentStatus, IncidentType, RemediationMode, StatusChange
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import ActionResult, PlanPhase, RemediationPlan

M = TypeVar("M", bound=BaseModel)


def snake(word: str) -> str:
    """AwaitingApproval as awaiting_approval."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()


_STATUS = {phase: IncidentStatusName(snake(phase)) for phase in IncidentPhase}
_TYPE = {type: IncidentTypeName(snake(type)) for type in IncidentType}
_MODE = {mode: RemediationModeName(snake(mode)) for mode in RemediationMode}
_EXECUTION = {
    phase: ExecutionStatusName.COMPLETED if phase is PlanPhase.SUCCEEDED else ExecutionStatusName(snake(phase))
    for phase in PlanPhase
}


def incident_view(incident: Incident) -> IncidentView:
    """As lists and the stream show it."""
    return IncidentView.model_validate(_incident_fields(incident))


def incident_detail(incident: Incident, plans: Sequence[ExecutionView], previous: Incident | None) -> IncidentDetail:
    """With its whole story. `previous`: the incident of the same system and signal before this one."""
    status = incident.status
    diagnosis = status.diagnosis
    return IncidentDetail.model_validate(
        _incident_fields(incident)
        | {
            "timeline": status.timeline,
            "evidence": status.evidence,
            "diagnosis_evidence": diagnosis.evidence if diagnosis else [],
            "fallback_chain": diagnosis.fallback_chain if diagnosis else [],
            "conditions": status.conditions,
            "executions": list(plans),
            "previous": _previous(previous) if previous else None,
        }
    )


def _previous(incident: Incident) -> PreviousIncident:
    return PreviousIncident(
        id=incident.metadata.uid,
        name=incident.metadata.name,
        number=incident.status.number,
        resolved_at=incident.status.timestamps.resolved_at,
    )


def object_fields(obj: Resource) -> dict[str, Any]:
    metadata = obj.metadata
    return {
        "id": metadata.uid,
        "name": metadata.name,
        "namespace": metadata.namespace,
        "created_at": metadata.creation_timestamp,
        "updated_at": metadata.updated_at,
        "resource_version": metadata.resource_version,
    }


def _incident_fields(incident: Incident) -> dict[str, Any]:
    spec, status = incident.spec, incident.status
    refused = status.refused_request
    return object_fields(incident) | {
        "number": status.number,
        "message": spec.title,
        "description": spec.description,
        "source": spec.source,
        "status": status_of(incident),
        "severity": spec.severity or status.severity,
        "severity_forced": spec.severity is not None,
        "team": spec.team,
        "assignee": spec.assignee,
        "notes": spec.notes,
        "generated_by": spec.generated_by,
        "incident_type": _TYPE[spec.incident_type],
        "actionable": status.actionable,
        "affected_systems": incident.systems,
        "remediation_mode": _MODE[spec.remediation_mode],
        "metadata": spec.metadata,
        "analysis": analysis_view(status.diagnosis) if status.diagnosis else None,
        "status_history": [_history_entry(change) for change in status.status_history],
        "resolved_reason": status.reason,
        "merged_into": status.merged_into,
        "escalated": escalation_of(status),
        "signals": status.signals,
        "occurrences": status.occurrences,
        "relapses": status.relapses,
        "plans": status.plans,
        "timestamps": status.timestamps,
        "durations": status.durations,
        "refused_request": RefusedRequest.model_validate(refused) if refused else None,
    }


def status_of(incident: Incident) -> IncidentStatusName:
    """The column; what the operator has not seen yet waits in the first."""
    return _STATUS[incident.status.phase or IncidentPhase.TRIAGE]


def escalation_of(status: IncidentStatus) -> str | None:
    """Why a person is needed; None while none is."""
    return next((c.message for c in status.conditions if c.type == "Escalated" and c.status == "True"), None)


def analysis_view(diagnosis: Diagnosis) -> Analysis:
    """The diagnosis in the words of the REST API."""
    return Analysis.model_validate(
        {
            "severity": diagnosis.severity,
            "diagnosis": diagnosis.summary,
            "diagnosis_provider": diagnosis.provider,
            "model": diagnosis.model,
            "solution": diagnosis.solution,
            "solution_provider": diagnosis.provider,
            "confidence": diagnosis.confidence,
            "root_cause": diagnosis.root_cause,
            "latency_ms": diagnosis.latency_ms,
        }
    )


def _history_entry(change: StatusChange) -> StatusHistoryEntry:
    return StatusHistoryEntry(
        from_status=_STATUS[change.from_] if change.from_ else None,
        to_status=_STATUS[change.to],
        changed_at=change.at,
        actor=change.actor,
        reason=change.reason,
    )


def execution_view(plan: RemediationPlan, incident_id: str) -> ExecutionView:
    """`incident_id`: the uid of its incident, or empty when that is gone."""
    spec, status = plan.spec, plan.status
    lines = [f"{result.id}: {result.output}" for result in status.action_results if result.output]
    return ExecutionView.model_validate(
        object_fields(plan)
        | {
            "incident_id": incident_id,
            "incident_name": spec.incident_ref,
            "attempt": spec.attempt,
            "author": spec.author,
            "status": _EXECUTION[status.phase or PlanPhase.PROPOSED],
            "reason": status.reason,
            "message": status.message,
            "analysis": spec.analysis,
            "reasoning": spec.reasoning,
            "recommended_actions": spec.actions,
            "executed_actions": [_result_view(result) for result in status.action_results],
            "execution_output": "\n".join(lines),
            "risk_assessment": status.risk,
            "plan_hash": status.plan_hash,
            "decision": status.decision,
            "expires_at": status.expires_at,
            "dry_run": spec.dry_run,
            "verification": spec.verification,
            "verification_samples": status.verification_samples,
            "verified_at": status.verified_at,
        }
    )


def _result_view(result: ActionResult) -> ActionResult:
    shown = _in_snake_case(result, "before", "after")
    if shown.rolled_back is None:
        return shown
    return shown.model_copy(update={"rolled_back": _in_snake_case(shown.rolled_back, "after")})


def _in_snake_case(record: M, *fields: str) -> M:
    """With the names of what was measured spelt as all others are."""
    update = {field: {snake(name): value for name, value in getattr(record, field).items()} for field in fields}
    return record.model_copy(update=update)


def experiment_view(experiment: ChaosExperiment) -> ExperimentView:
    """With the truth about what was broken."""
    spec, status = experiment.spec, experiment.status
    return ExperimentView.model_validate(
        object_fields(experiment)
        | {
            "scenario": experiment.metadata.labels.get(DRILL_LABEL, ""),
            "fault": spec.fault,
            "target": spec.target,
            "systems": status.targets,
            "duration_seconds": spec.duration_seconds,
            "dry_run": spec.dry_run,
            "suspended": spec.suspend,
            "status": ExperimentStatusName(snake(status.phase or "Pending")),
            "reason": status.reason,
            "message": status.message,
            "baseline": status.baseline,
            "observed_effect": status.observed_effect,
            "incidents": status.incidents,
            "started_at": status.started_at,
            "injected_at": status.injected_at,
            "expires_at": status.expires_at,
            "deadline_at": status.deadline_at,
            "recovered_at": status.recovered_at,
            "healed_by": status.healed_by,
            "grade": status.grade,
        }
    )


def system_view(system: MockSystem) -> SystemView:
    """As it was last measured."""
    spec, status = system.spec, system.status
    threshold = spec.health.threshold_percent
    is_breached = any(s.health is not None and s.health < threshold for s in status.signals)
    return SystemView.model_validate(
        object_fields(system)
        | {
            "type": spec.type,
            "status": SystemStatusName(snake(status.phase or SystemPhase.PENDING)),
            "health": status.health,
            "threshold_percent": threshold,
            "will_trigger_incident": is_breached or status.phase is SystemPhase.UNREACHABLE,
            "signals": [_in_snake_case(signal, "metrics") for signal in status.signals],
            "capabilities": status.capabilities,
            "open_incidents": status.open_incidents,
            "protected": spec.protected,
            "team": spec.team,
            "depends_on": spec.depends_on,
            "message": status.message,
            "last_probe_at": status.last_probe_time,
        }
    )
