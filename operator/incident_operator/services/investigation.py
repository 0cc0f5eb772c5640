"""From an incident to its diagnosis: reads the evidence, writes it up, and asks the diagnosers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from incident_crds.catalogue import SignalName
from incident_crds.diagnosis import EvidenceDocument
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import HealthPolicy, MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.diagnosis.chain import Diagnosed, Diagnoser, Question, undetermined
from incident_operator.domain.cascade import (
    FELT_BY_CLIENTS,
    FROM_ELSEWHERE,
    broken_signals,
    dependencies_of,
    held_up_by,
    suspects,
)
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

_LOOK_SECONDS = 0.05
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
        unknown = set(await self._measure_upstream(incident))
        systems = systems_by_name(self._store, incident.metadata.namespace)
        first, *others = (suspects(incident, systems) if incident.status.actionable else []) or [UNKNOWN]
        held_up = held_up_by(first, incident, systems, unknown=unknown, now=datetime.now(UTC))
        finding = await self._look_at(incident, plans, first, systems, held_up)
        unknown.add(first)
        for name in others:
            if finding.diagnosed.verdict.fault is not None:
                break
            # where it is held up, the first answer stands, and it is asked for again
            if not held_up_by(name, incident, systems, unknown=unknown, now=datetime.now(UTC)):
                finding = await self._look_at(incident, plans, name, systems)
            unknown.add(name)
        return finding

    async def _measure_upstream(self, incident: Incident) -> list[str]:
        """Measure what the system depends on, if the harm may come from there: its next probe may be seconds away.

        A breach that this brings about is on record then; whoever asked sees it join the incident and asks again.
        Returns those of which nothing was known in time.
        """
        asked = datetime.now(UTC)
        systems = systems_by_name(self._store, incident.metadata.namespace)
        if incident.status.joined or not FROM_ELSEWHERE & set(incident.status.signals):
            return []
        keys = {
            systems[other].key: systems[other].spec.health.timeout_seconds
            for name in incident.spec.affected_systems
            for other in dependencies_of(name, systems)
        }
        for key in keys:
            self._systems.request_sample(key)
        with suppress(TimeoutError):  # one probe may be under way, and the one that was asked for comes after it
            async with asyncio.timeout(2 * max(keys.values(), default=1)):
                while not all(self._is_measured(key, asked) for key in keys):  # noqa: ASYNC110 - of record and samples both
                    await asyncio.sleep(_LOOK_SECONDS)
        return [key[1] for key in keys if not self._is_measured(key, asked) and systems[key[1]].status.seeded]

    def _is_measured(self, key: Key, asked: datetime) -> bool:
        """Whether the system was found well since then, or is known to fail its clients."""
        system, sample = self._store.get(MockSystem, key), self._samples.latest(key)
        if system is None or any(b.ended_at is None and b.signal in FELT_BY_CLIENTS for b in system.status.breaches):
            return True
        if sample is None or sample.at < asked:
            return False
        low = system.spec.health.threshold_percent
        return sample.reachable and all(
            s.health >= low for s in sample.signals if s.name in FELT_BY_CLIENTS and s.health is not None
        )

    async def _look_at(
        self,
        incident: Incident,
        plans: Sequence[RemediationPlan],
        name: str,
        systems: Mapping[str, MockSystem],
        held_up: Sequence[str] = (),
    ) -> Finding:
        """What is wrong with this system. What others may cause is not blamed on it while others hold it up."""
        system = systems.get(name)
        broken = broken_signals(incident, [system] if system else [])
        breached = set(broken.get(name, () if incident.status.joined else incident.status.signals))
        if system is not None:
            breached |= breaches_about(incident, system)
        is_symptom = bool(held_up and breached) and breached <= FROM_ELSEWHERE
        if held_up and not is_symptom:
            breached -= FROM_ELSEWHERE
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
        if is_symptom:
            why = f"It depends on {', '.join(held_up)}, of which nothing better is known yet, so nothing is done here."
            return Finding(undetermined(question, system=held_up[0], why=why), document)
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
