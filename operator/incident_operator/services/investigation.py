"""From an incident to its diagnosis: reads the evidence, writes it up, and asks the diagnosers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from incident_crds.catalogue import SignalName
from incident_crds.diagnosis import EvidenceDocument
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import HealthPolicy, MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.diagnosis.chain import Diagnosed, Diagnoser, Question
from incident_operator.domain.cascade import suspects
from incident_operator.domain.context import (
    describe_attempts,
    describe_events,
    describe_history,
    describe_related,
    describe_report,
)
from incident_operator.domain.evidence import Evidence, Related
from incident_operator.domain.evidence_document import LOOK_BACK, build_document
from incident_operator.probes.evidence import gather_evidence
from incident_operator.services.catalogue import Remedies
from incident_operator.services.neighbours import systems_by_name
from incident_operator.services.samples import Samples
from incident_operator.services.systems import Systems, breach_of

UNKNOWN = "unknown"
"""Stands for the system of an incident that is about none: a text of its author would be read as ours."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis, and what it stands on."""

    diagnosed: Diagnosed
    document: EvidenceDocument


class Investigation:
    """Reads the system and what is known around it. It has no way to the experiments."""

    def __init__(
        self,
        *,
        store: Store,
        builtin: Builtin,
        systems: Systems,
        samples: Samples,
        remedies: Remedies,
        diagnoser: Diagnoser,
    ) -> None:
        self._store = store
        self._builtin = builtin
        self._systems = systems
        self._samples = samples
        self._remedies = remedies
        self._diagnoser = diagnoser

    async def investigate(self, incident: Incident, plans: Sequence[RemediationPlan]) -> Finding:
        """From evidence read now. A system that cannot be read still has its signals.

        Where several systems broke, the cause is looked for first in the one that the others depend on.
        """
        systems = systems_by_name(self._store, incident.metadata.namespace)
        names = suspects(incident, systems) if incident.status.actionable else []
        finding = await self._look_at(incident, plans, next(iter(names), UNKNOWN), systems)
        for name in names[1:]:
            if finding.diagnosed.verdict.fault is not None:
                break
            finding = await self._look_at(incident, plans, name, systems)
        return finding

    async def _look_at(
        self, incident: Incident, plans: Sequence[RemediationPlan], name: str, systems: Mapping[str, MockSystem]
    ) -> Finding:
        system = systems.get(name)
        breached: set[SignalName] = set() if incident.status.joined else set(incident.status.signals)
        if system is not None:
            breached |= breaches_about(incident, system)
        evidence = await self._gather(name, system)
        others = [systems[n] for n in incident.systems if n != name and n in systems and incident.status.joined]
        related = [Related(await self._gather(s.metadata.name, s), breaches_about(incident, s)) for s in others]
        now = datetime.now(UTC)
        document = build_document(
            evidence,
            breached=breached,
            history=self._samples.since((incident.metadata.namespace, name), now - LOOK_BACK),
            policy=system.spec.health if system else HealthPolicy(),
            context=[
                *describe_related(related),
                describe_report(incident),
                describe_attempts(plans),
                describe_history(self._earlier(incident, name), now=now),
                describe_events(await self._builtin.recent_events(incident.metadata.namespace), now=now),
            ],
            collected_at=now,
        )
        question = Question(
            evidence=evidence,
            document=document,
            breached=sorted(breached),
            remedies=system.status.capabilities.remedies if system else (),
            risks=self._remedies.risks(),
            related=related,
        )
        return Finding(await self._diagnoser.diagnose(question), document)

    async def _gather(self, name: str, system: MockSystem | None) -> Evidence:
        sample = self._samples.latest(system.key) if system else None
        signals = tuple(sample.signals) if sample else ()
        target = await self._systems.target_or_none(system.key) if system else None
        if target is None:
            return Evidence(system=name, type=system.spec.type if system else None, signals=signals)
        return await gather_evidence(target, name, signals)

    def _earlier(self, incident: Incident, system: str) -> list[Incident]:
        """Resolved incidents of the system, the latest first."""
        found = self._store.incidents_of(incident.metadata.namespace, system)
        over = [
            i for i in found if i.status.phase is IncidentPhase.RESOLVED and i.metadata.uid != incident.metadata.uid
        ]
        return sorted(over, key=lambda i: i.status.number, reverse=True)


def breaches_about(incident: Incident, system: MockSystem) -> set[SignalName]:
    """The signals that are breached now: by the incident's own breaches, or by any where it only asks."""
    breaches = system.status.breaches if incident.is_consultation else breach_of(system.status, incident.metadata.name)
    return {breach.signal for breach in breaches if breach.ended_at is None}
