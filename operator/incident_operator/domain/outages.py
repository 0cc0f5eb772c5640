"""A system that becomes unreachable under an open incident: what was found before knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_crds.incident import Incident, IncidentStatus
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_operator.domain.cascade import Systems
from incident_operator.domain.history import OPERATOR, with_entry
from incident_operator.domain.naming import plan_name

_DOWN = (FaultType.SYSTEM_DOWN, FaultType.POD_KILL)
UNREACHABLE = "Unreachable"
"""Type of the timeline entry. The entry is also the record that the diagnosis has to be made again."""


def with_outages(incident: Incident, status: IncidentStatus, systems: Systems, *, now: datetime) -> IncidentStatus:
    """The status with an entry for each of its systems that is unreachable, once for each such breach.

    An incident that an outage opened says so already.
    """
    names = [*incident.spec.affected_systems, *(joined.system for joined in status.joined)]
    if incident.spec.signal is SignalName.REACHABLE:
        names = [name for name in names if name not in incident.spec.affected_systems]
    for name in dict.fromkeys(names):
        since = _unreachable_since(incident, systems.get(name))
        if since is None or any(lost == name and at >= since for lost, at in _outages(status)):
            continue
        message = next((s.message for s in systems[name].status.signals if s.name is SignalName.REACHABLE), "")
        detail = f"{name} is unreachable: {message or 'it does not answer'}"
        status = with_entry(status, at=now, actor=OPERATOR, type=UNREACHABLE, detail=detail)
    return status


def _unreachable_since(incident: Incident, system: MockSystem | None) -> datetime | None:
    for breach in system.status.breaches if system is not None else ():
        if breach.signal is SignalName.REACHABLE and breach.incident == incident.metadata.name:
            return breach.breached_at if breach.ended_at is None else None
    return None


def _outages(status: IncidentStatus) -> Sequence[tuple[str, datetime]]:
    """Which system, and when that was noticed, oldest first."""
    entries = (e for e in status.timeline if e.type == UNREACHABLE and e.actor == OPERATOR)
    return [(e.detail.partition(" ")[0], e.at) for e in entries]


def outage_found_at(incident: Incident) -> datetime | None:
    """When a system of the incident was last found to have become unreachable; None where none was."""
    return max((at for _, at in _outages(incident.status)), default=None)


def misses_outage(plan: RemediationPlan, incident: Incident) -> bool:
    """Whether it is our own plan, was made before its system was found to be down, and does not restart that.

    A system that is too slow to be reached is not down: what was planned before may be the very remedy.
    """
    diagnosis, evidence = incident.status.diagnosis, incident.status.evidence
    if diagnosis is None or evidence is None or not is_operators(plan, incident):
        return False
    if plan.spec.analysis[: len(diagnosis.summary)] == diagnosis.summary:
        return False  # made of this very diagnosis; creation times in whole seconds could not tell
    cause = diagnosis.root_cause
    restarted = {a.system for a in plan.spec.actions if a.type is ActionType.RESTART_SYSTEM}
    was_lost = any(name == cause.system and at <= evidence.collected_at for name, at in _outages(incident.status))
    return cause.fault_type in _DOWN and was_lost and cause.system not in restarted


def outlives_outage(plan: RemediationPlan, incident: Incident, systems: Systems) -> bool:
    """Whether it is our own plan against an outage that has ended by itself, while the system is unwell otherwise.

    A restart would only do harm now. Where all is well again the incident is about to end, and the plan with it.
    """
    diagnosis = incident.status.diagnosis
    if diagnosis is None or diagnosis.root_cause.fault_type not in _DOWN or not is_operators(plan, incident):
        return False
    system = systems.get(diagnosis.root_cause.system)
    restarted = {a.system for a in plan.spec.actions if a.type is ActionType.RESTART_SYSTEM}
    if system is None or system.metadata.name not in restarted:
        return False
    breaches = [b for b in system.status.breaches if b.incident == incident.metadata.name and b.ended_at is None]
    return bool(breaches) and not any(b.signal in (SignalName.REACHABLE, SignalName.CANARY) for b in breaches)


def is_operators(plan: RemediationPlan, incident: Incident) -> bool:
    """Whether the operator made it, as its name tells."""
    return plan.metadata.name == plan_name(incident.metadata.name, plan.spec.attempt)
