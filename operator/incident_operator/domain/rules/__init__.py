"""Built-in diagnosis: from evidence alone to a root cause and the actions that would end it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from pydantic import ValidationError

from incident_crds.catalogue import Severity, SignalName
from incident_operator.domain.breaches import SECONDARY_SIGNALS
from incident_operator.domain.evidence import Evidence, Related
from incident_operator.domain.rules import disk, postgres, redis, surroundings
from incident_operator.domain.rules.finding import Finding, Rule
from incident_operator.domain.verdict import Verdict

_ROOMS = (redis.RULES, postgres.RULES, disk.RULES, surroundings.RULES)


def diagnose(evidence: Evidence, breached: Collection[SignalName], related: Sequence[Related] = ()) -> Verdict:
    """What explains the breached signals, the first as the root cause; else undetermined, and that is said.

    Each explained signal has its step: one system can have two troubles at once. What broke in `related` systems is
    taken for a consequence.
    """
    severity = estimate_severity(evidence, breached)
    measured = tuple(f"{s.name}: {s.message}" for s in evidence.signals if s.message)
    ordered = sorted(breached, key=lambda s: (s in SECONDARY_SIGNALS, s))
    found = [finding for signal in ordered if (finding := _explain(signal, evidence)) is not None]
    findings = [f for n, f in enumerate(found) if f.fault not in {earlier.fault for earlier in found[:n]}]
    harmed = [(r.evidence.system, r.harm) for r in related if r.harm]
    if findings:
        return Verdict(
            fault=findings[0].fault,
            system=evidence.system,
            summary=" ".join([*(f.summary for f in findings), *(f"{n} suffers from it ({h})." for n, h in harmed)]),
            solution=" ".join(found.solution for found in findings),
            severity=severity,
            confidence=findings[0].confidence,
            evidence=(*measured, *(f.fact for f in findings), *(f"{n}: {h}" for n, h in harmed)),
            actions=tuple(action for found in findings for action in found.actions),
        )
    return Verdict(
        fault=None,
        system=evidence.system,
        summary=_unexplained(evidence, breached),
        solution="Look at the system by hand; the evidence is listed.",
        severity=severity,
        confidence=0,
        evidence=measured,
    )


def _unexplained(evidence: Evidence, breached: Collection[SignalName]) -> str:
    if evidence.type is None:
        return "The report names no system that is measured here, and the built-in rules judge by measurements only."
    if not breached:
        return f"No signal of {evidence.system} is below its threshold, so there is nothing for the rules to explain."
    names, problem = ", ".join(sorted(breached)), evidence.facts.get("error")
    if problem:
        return f"{evidence.system} is unhealthy ({names}), and what goes on in it could not be read: {problem}."
    return f"{evidence.system} is unhealthy ({names}), and nothing that was read from it explains why."


def _explain(signal: SignalName, evidence: Evidence) -> Finding | None:
    """The rule's finding. A suspect whose name no action may carry is left to a person, not acted on."""
    for rule in _rules_of(signal):
        with suppress(ValidationError):
            finding = rule(evidence)
            if finding is not None:
                return finding
    return None


def _rules_of(signal: SignalName) -> list[Rule]:
    return [rule for rules in _ROOMS for rule in rules.get(signal, ())]


def estimate_severity(evidence: Evidence, breached: Collection[SignalName]) -> Severity:
    """P0: clients fail. P1: almost nothing is left. P2: below the threshold."""
    if {SignalName.CANARY, SignalName.REACHABLE} & set(breached):
        return Severity.P0
    health = [s.health for s in evidence.signals if s.name in breached and s.health is not None]
    return Severity.P1 if health and min(health) <= 10 else Severity.P2
