"""The gauges: what is, as of the scrape, from what the store and the samples hold."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from datetime import UTC, datetime

from incident_crds.base import is_true
from incident_crds.catalogue import FaultType, Severity, SystemType
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator import metrics
from incident_operator.cluster.store import Store
from incident_operator.domain.incidents import tally_open
from incident_operator.services.samples import Samples
from incident_operator.services.workqueue import WorkQueue


class Gauges:
    """Sets them when they are asked for, so that none can be forgotten at a change."""

    def __init__(self, store: Store, samples: Samples, queues: Mapping[str, WorkQueue]) -> None:
        self._store = store
        self._samples = samples
        self._queues = queues
        self._since = datetime.now(UTC)

    def refresh(self) -> None:
        """As of now."""
        now = datetime.now(UTC)
        self._incidents(now)
        self._plans(now)
        self._experiments(now)
        self._systems(now)
        for kind, queue in self._queues.items():
            metrics.QUEUE_DEPTH.labels(kind).set(queue.depth)

    def _incidents(self, now: datetime) -> None:
        incidents = self._store.list_all(Incident)
        tally = tally_open(incidents)
        for phase in IncidentPhase:
            for severity in ("", *Severity):  # "" while it has none
                if phase is not IncidentPhase.RESOLVED:
                    metrics.INCIDENTS_OPEN.labels(phase.value, str(severity)).set(tally[phase.value, str(severity)])
        still_open = [
            i for i in incidents if i.status.phase not in (None, IncidentPhase.RESOLVED) and not i.is_consultation
        ]
        metrics.INCIDENTS_ESCALATED.set(sum(is_true(i.status.conditions, "Escalated") for i in still_open))
        for severity in Severity:
            began = [i.status.timestamps.detected_at for i in still_open if i.status.severity is severity]
            oldest = min((at for at in began if at is not None), default=now)
            metrics.OLDEST_OPEN.labels(severity.value).set(_age(oldest, now))

    def _plans(self, now: datetime) -> None:
        plans = self._store.list_all(RemediationPlan)
        tally = Tally(p.status.phase or PlanPhase.PROPOSED for p in plans)
        for phase in PlanPhase:
            metrics.PLANS.labels(phase.value).set(tally[phase])
        waiting = (_proposed_at(p) for p in plans if p.status.phase is PlanPhase.AWAITING_APPROVAL)
        metrics.PLAN_WAIT.set(_age(min((at for at in waiting if at is not None), default=now), now))

    def _experiments(self, now: datetime) -> None:
        experiments = self._store.list_all(ChaosExperiment)
        active = [e for e in experiments if e.status.phase is not None and e.status.phase.is_on_systems]
        tally = Tally(e.spec.fault.type for e in active)
        for fault in FaultType:
            metrics.FAULTS_ACTIVE.labels(fault.value).set(tally[fault])
        overdue = (e for e in active if e.status.deadline_at is not None and e.status.deadline_at < now)
        metrics.FAULTS_OVERDUE.set(sum(1 for _ in overdue))
        metrics.STALLED.set(sum(is_true(e.status.conditions, "Stalled") for e in experiments))

    def _systems(self, now: datetime) -> None:
        systems = self._store.list_all(MockSystem)
        metrics.SYSTEMS.clear()
        for (kind, phase), count in Tally(
            (s.spec.type, s.status.phase or SystemPhase.PENDING) for s in systems
        ).items():
            metrics.SYSTEMS.labels(kind.value, phase.value).set(count)
        for kind in SystemType:
            # one whose credentials cannot be read is not probed at all: its phase says so
            probed = [s for s in systems if s.spec.type is kind and s.status.phase not in (None, SystemPhase.PENDING)]
            metrics.PROBE_AGE.labels(kind.value).set(max((_age(self._sampled(s), now) for s in probed), default=0.0))

    def _sampled(self, system: MockSystem) -> datetime:
        latest = self._samples.latest(system.key)
        return latest.at if latest else max(self._since, system.metadata.creation_timestamp or self._since)


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _proposed_at(plan: RemediationPlan) -> datetime | None:
    """When it was put to a person: no field of its own says so."""
    approved = next((c for c in plan.status.conditions if c.type == "Approved"), None)
    return approved.last_transition_time if approved else plan.metadata.creation_timestamp
