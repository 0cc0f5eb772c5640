"""The diagnosers in order: the first that answers is believed, and every try is kept."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from incident_crds.catalogue import SignalName
from incident_crds.diagnosis import Diagnosis, ProviderAttempt, RootCause
from incident_operator.domain.evidence import Evidence
from incident_operator.domain.rules import Verdict, diagnose

RULES = "rules"


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What is written on the incident, and the verdict that a plan is built from."""

    diagnosis: Diagnosis
    verdict: Verdict


class Diagnoser:
    """Diagnoses with the built-in rules, which need no key and no network."""

    async def diagnose(self, evidence: Evidence, breached: Collection[SignalName]) -> Diagnosed:
        """Always answers; where nothing explains the harm, the root cause is undetermined."""
        started = time.perf_counter()
        verdict = diagnose(evidence, breached)
        latency_ms = round((time.perf_counter() - started) * 1000)
        outcome = "Answered" if verdict.fault else "Undetermined"
        diagnosis = Diagnosis(
            provider=RULES,
            summary=verdict.summary,
            root_cause=RootCause(system=verdict.system, fault_type=verdict.fault),
            severity=verdict.severity,
            solution=verdict.solution,
            confidence=verdict.confidence,
            evidence=[line[:4096] for line in verdict.evidence][:32],
            fallback_chain=[ProviderAttempt(provider=RULES, outcome=outcome, latency_ms=latency_ms)],
            latency_ms=latency_ms,
        )
        return Diagnosed(diagnosis, verdict)
