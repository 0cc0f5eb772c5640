"""Incidents: from the first breach to the resolution, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.base import REQUESTED_BY_ANNOTATION, ObjectMeta, is_true, set_condition
from incident_crds.incident import Incident, IncidentPhase, IncidentStatus, Timestamps
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.diagnosis.chain import RULES, Diagnosed
from incident_operator.domain.approval import is_actionable
from incident_operator.domain.cascade import broken_signals, with_joined
from incident_operator.domain.conditions import incident_conditions
from incident_operator.domain.history import OPERATOR, compute_durations, with_entry, with_phase
from incident_operator.domain.incidents import (
    decide_end_with_system,
    decide_resolution,
    find_rival,
    first_severity,
    is_relapse,
)
from incident_operator.domain.milestones import with_plans
from incident_operator.domain.naming import incident_number, plan_name
from incident_operator.domain.outages import with_outages
from incident_operator.domain.planning import (
    NextStep,
    build_plan_spec,
    current_plans,
    decide_next_step,
    harm_done,
    open_plan,
    stands,
    wants_diagnosis,
)
from incident_operator.domain.requests import answer_request, reopen, resolve
from incident_operator.services.catalogue import Remedies
from incident_operator.services.inquiries import Inquiries
from incident_operator.services.investigation import Finding
from incident_operator.services.neighbours import systems_by_name
from incident_operator.services.systems import breach_of

LOOK_AGAIN = timedelta(seconds=2)
MOST_LOOKS = 3

log = structlog.get_logger(__name__)


class Incidents:
    """Owns the status of Incidents, and writes the operator's own plans."""

    def __init__(
        self,
        *,
        store: Store,
        builtin: Builtin,
        inquiries: Inquiries,
        remedies: Remedies,
        hold: timedelta,
    ) -> None:
        self._store = store
        self._builtin = builtin
        self._inquiries = inquiries
        self._remedies = remedies
        self._hold = hold
        self._looks: dict[tuple[str, int], int] = {}

    async def reconcile(self, key: Key) -> timedelta | None:
        """Take every step that is due: number, request, relapse, plans, resolution, diagnosis, proposal."""
        incident = self._store.get(Incident, key)
        if incident is None or incident.metadata.deletion_timestamp is not None:
            self._inquiries.forget(key)
            return None
        breaches = self._breaches(incident)
        plans = self._store.plans_of(*key)
        incident = await self._settle(incident, breaches, plans)
        if incident.status.phase is IncidentPhase.RESOLVED:
            self._inquiries.forget(key)
            return None
        harm = harm_done(incident, plans, now=datetime.now(UTC))
        if harm is not None:  # before a diagnosis, which takes its time, or the harm may be over by then
            incident = await self._escalate(incident, harm)
        if wants_diagnosis(incident, plans):
            return await self._diagnose_and_propose(incident, plans)
        step = self._next_step(incident, plans)
        if step.escalate is not None:
            await self._escalate(incident, step.escalate)
        elif step.propose_attempt is not None:
            return await self._propose_again(incident, plans, attempt=step.propose_attempt)
        elif step.look_at is not None:
            return step.look_at - datetime.now(UTC)
        return None

    def _next_step(self, incident: Incident, plans: Sequence[RemediationPlan]) -> NextStep:
        namespace = incident.metadata.namespace
        return decide_next_step(
            incident,
            plans,
            is_taken=lambda name: self._store.get(RemediationPlan, (namespace, name)) is not None,
            now=datetime.now(UTC),
        )

    async def _write(self, incident: Incident, status: IncidentStatus) -> Incident:
        """The status with the conditions that follow from it."""
        conditions = incident_conditions(status, generation=incident.metadata.generation, now=datetime.now(UTC))
        return await self._store.write_status(incident, status.model_copy(update={"conditions": conditions}))

    def _breaches(self, incident: Incident) -> list[Breach]:
        systems = self._store.list_all(MockSystem, incident.metadata.namespace)
        return [breach for system in systems for breach in breach_of(system.status, incident.metadata.name)]

    async def _settle(
        self, incident: Incident, breaches: Sequence[Breach], plans: Sequence[RemediationPlan]
    ) -> Incident:
        """Everything that follows from what is known already, in one write."""
        now = datetime.now(UTC)
        current = current_plans(incident, plans)
        status = incident.status
        if status.phase is None:
            status = _opened(incident, breaches, now=now)
        if not status.number and not incident.is_consultation:
            status = status.model_copy(update={"number": await self._next_number()})
        known = systems_by_name(self._store, incident.metadata.namespace)
        status = with_joined(incident, status, known, now=now)
        status = with_outages(incident, status, known, now=now)
        severity = incident.spec.severity or (status.diagnosis.severity if status.diagnosis else status.severity)
        signals = sorted({*status.signals, *(b.signal for b in breaches)})
        status = status.model_copy(
            update={
                "actionable": is_actionable(incident, known),
                "severity": severity,
                "signals": signals,
                "observed_generation": incident.metadata.generation,
            }
        )
        if is_relapse(incident, breaches):
            began = max((b.breached_at for b in breaches if b.breached_at and b.ended_at is None), default=now)
            status = reopen(status, began=began, actor=OPERATOR, why="relapse: the breach came back", now=now)
            detail = f"the breach came back {_seconds_since_resolved(incident, began)} s after it was resolved"
            status = with_entry(status, at=now, actor=OPERATOR, type="Relapsed", detail=detail)
            status = status.model_copy(update={"relapses": status.relapses + 1})
        else:
            status = with_plans(status, current, now=now)
        status = await self._answered(incident, status, breaches, plans, now=now)
        settled = incident.model_copy(update={"status": status})
        resolution = None
        if status.phase is not IncidentPhase.RESOLVED:
            resolution = decide_resolution(settled, breaches, current) or decide_end_with_system(
                settled, breaches, current, known
            )
        if resolution is not None:
            status = resolve(status, resolution.reason, resolution.message, actor=OPERATOR, now=now)
        written = await self._write(incident, status)
        if resolution is not None:
            log.info("incident resolved", number=status.number, reason=resolution.reason)
        return written

    async def _next_number(self) -> str:
        used = [i.status.number for i in self._store.list_all(Incident) if i.status.number]
        highest = max((int(n.removeprefix("INC-")) for n in used), default=0)
        return incident_number(await self._builtin.next_number(highest))

    async def _answered(
        self,
        incident: Incident,
        status: IncidentStatus,
        breaches: Sequence[Breach],
        plans: Sequence[RemediationPlan],
        *,
        now: datetime,
    ) -> IncidentStatus:
        actor = incident.metadata.annotations.get(REQUESTED_BY_ANNOTATION, "")
        namespace, is_asked = incident.metadata.namespace, incident.spec.request is not None
        incidents = self._store.list_all(Incident, namespace) if is_asked else []
        open_ones = (
            i.metadata.name for i in incidents if i.status.phase is not IncidentPhase.RESOLVED and not i.is_consultation
        )
        answer = answer_request(
            incident.model_copy(update={"status": status}),
            actor=actor,
            is_healthy=all(b.ended_at is not None for b in breaches),
            others=set(open_ones) - {incident.metadata.name},
            open_plan=open_plan(incident, plans),
            rival=find_rival(incident, self._store.list_all(MockSystem, namespace), incidents) if is_asked else None,
            now=now,
        )
        if answer is None:
            return status
        if answer.refusal is not None:
            reason, message = answer.refusal.reason, answer.refusal.message
            await self._builtin.record_event(incident, reason, message, warning=True)
        return answer.status

    async def _diagnose_and_propose(self, incident: Incident, plans: Sequence[RemediationPlan]) -> timedelta | None:
        finding = self._inquiries.ask(incident, plans, attempt=0)
        if finding is None:
            return None
        now, diagnosed = datetime.now(UTC), finding.diagnosed
        if self._is_worth_another_look(incident, finding):
            return LOOK_AGAIN
        if stands(incident, diagnosed.verdict):
            detail = f"what was found before stands: {diagnosed.diagnosis.summary}"
            status = with_entry(incident.status, at=now, actor=OPERATOR, type="DiagnosisKept", detail=detail)
            await self._write(incident, status.model_copy(update={"evidence": finding.document}))
            return None
        status = with_phase(
            incident.status, IncidentPhase.INVESTIGATING, at=now, actor=OPERATOR, reason="the cause is looked for"
        )
        status = _with_diagnosis(incident, status, finding, now=datetime.now(UTC))
        incident = await self._write(incident, status)
        cause = diagnosed.diagnosis.root_cause.fault_type
        log.info("incident diagnosed", number=status.number, provider=diagnosed.diagnosis.provider, cause=cause)
        step = self._next_step(incident, plans)
        if step.propose_attempt is not None:
            await self._propose(incident, diagnosed, attempt=step.propose_attempt)
        elif step.escalate is not None:
            await self._escalate(incident, step.escalate)
        elif step.look_at is not None:
            return step.look_at - datetime.now(UTC)
        return None

    def _is_worth_another_look(self, incident: Incident, finding: Finding) -> bool:
        """Evidence that could not be read, or was read too early, is worth two more looks before a person is called."""
        is_explained = finding.diagnosed.verdict.fault is not None
        if is_explained or finding.diagnosed.diagnosis.provider != RULES:
            return False
        if incident.is_consultation:
            return False  # nobody is called, and somebody waits for the answer
        occurrence = (incident.metadata.uid, incident.status.occurrences)
        looks = self._looks.get(occurrence, 0) + 1
        if looks >= MOST_LOOKS:
            self._looks.pop(occurrence, None)
            return False
        self._looks[occurrence] = looks
        return True

    async def _propose_again(
        self, incident: Incident, plans: Sequence[RemediationPlan], *, attempt: int
    ) -> timedelta | None:
        """From a diagnosis made anew: the evidence is of what the last plan left, and tells what was tried."""
        finding = self._inquiries.ask(incident, plans, attempt=attempt)
        if finding is None:
            return None
        if self._is_worth_another_look(incident, finding):
            return LOOK_AGAIN
        status = _with_diagnosis(incident, incident.status, finding, now=datetime.now(UTC))
        incident = await self._write(incident, status)
        if finding.diagnosed.verdict.fault is None:
            await self._escalate(incident, "the cause is undetermined since the last plan")
        else:
            await self._propose(incident, finding.diagnosed, attempt=attempt)
        return None

    async def _propose(self, incident: Incident, diagnosed: Diagnosed, *, attempt: int) -> None:
        verdict = diagnosed.verdict
        if not verdict.actions:
            await self._escalate(incident, "the evidence calls for no action of the catalogue")
            return
        namespace = incident.metadata.namespace
        systems = systems_by_name(self._store, namespace)
        spec = build_plan_spec(
            incident,
            verdict,
            attempt=attempt,
            author=diagnosed.diagnosis.provider,
            risks=self._remedies.risks(),
            reversible=self._remedies.reversible(),
            broken=broken_signals(incident, list(systems.values())),
            min_health={name: system.spec.health.threshold_percent for name, system in systems.items()},
            hold=self._hold,
        )
        owner = {
            "apiVersion": incident.info.api_version,
            "kind": incident.info.kind,
            "name": incident.metadata.name,
            "uid": incident.metadata.uid,
        }
        metadata = ObjectMeta(
            name=plan_name(incident.metadata.name, attempt), namespace=namespace, owner_references=[owner]
        )
        created = await self._store.create(RemediationPlan(metadata=metadata, spec=spec))
        if created.spec.incident_ref != incident.metadata.name:
            other = f"{created.metadata.name}, which is a plan of {created.spec.incident_ref}"
            await self._escalate(incident, f"no plan could be made, as its name is taken: delete {other}")

    async def _escalate(self, incident: Incident, why: str) -> Incident:
        if is_true(incident.status.conditions, "Escalated"):
            return incident
        now = datetime.now(UTC)
        conditions = set_condition(
            incident.status.conditions,
            "Escalated",
            True,
            reason="PersonNeeded",
            message=why,
            now=now,
            generation=incident.metadata.generation,
        )
        status = with_entry(incident.status, at=now, actor=OPERATOR, type="Escalated", detail=why)
        stamps = status.timestamps.model_copy(update={"escalated_at": status.timestamps.escalated_at or now})
        written = await self._write(
            incident, status.model_copy(update={"conditions": conditions, "timestamps": stamps})
        )
        await self._builtin.record_event(incident, "Escalated", f"a person is needed: {why}", warning=True)
        return written


def _opened(incident: Incident, breaches: Sequence[Breach], *, now: datetime) -> IncidentStatus:
    began = min((b.breached_at for b in breaches if b.breached_at), default=None)
    signals = [incident.spec.signal] if incident.spec.signal else []
    status = IncidentStatus(
        severity=incident.spec.severity or first_severity(signals),
        timestamps=Timestamps(breached_at=began, detected_at=now),
        signals=signals,
    )
    status = status.model_copy(update={"durations": compute_durations(status.timestamps)})
    actor = incident.spec.generated_by or OPERATOR
    return with_phase(status, IncidentPhase.TRIAGE, at=now, actor=actor, reason=incident.spec.title)


def _with_diagnosis(incident: Incident, status: IncidentStatus, finding: Finding, *, now: datetime) -> IncidentStatus:
    diagnosis = finding.diagnosed.diagnosis
    stamps = status.timestamps.model_copy(update={"diagnosed_at": status.timestamps.diagnosed_at or now})
    detail = f"{diagnosis.summary} (confidence {diagnosis.confidence} %)"
    status = with_entry(status, at=now, actor=diagnosis.provider, type="Diagnosed", detail=detail)
    return status.model_copy(
        update={
            "diagnosis": diagnosis,
            "evidence": finding.document,
            "severity": incident.spec.severity or diagnosis.severity,
            "timestamps": stamps,
            "durations": compute_durations(stamps),
        }
    )


def _seconds_since_resolved(incident: Incident, began: datetime) -> int:
    resolved_at = incident.status.timestamps.resolved_at
    return 0 if resolved_at is None else max(0, round((began - resolved_at).total_seconds()))
