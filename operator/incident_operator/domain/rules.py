"""Built-in diagnosis: from evidence alone to a root cause and the actions that would end it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pydantic import ValidationError

from incident_crds.catalogue import ActionType, FaultType, Severity, SignalName
from incident_crds.remediationplan import ActionParams
from incident_operator.domain.breaches import SECONDARY_SIGNALS
from incident_operator.domain.evidence import (
    DIRECT_MILLISECONDS,
    FEWEST_DEAD,
    NOT_RUNNING,
    POD,
    POD_AGE_SECONDS,
    PROCESS,
    STOPPED,
    Evidence,
    FileUsage,
    SessionGroup,
)
from incident_operator.domain.verdict import ActionDraft, Verdict

DOMINANT_SHARE = 0.5
"""One prefix, application or table is blamed only when it makes up at least this share."""
_NEAR = 10
"""Points of health by which a table may have changed between the signal and the evidence."""
_GROWING_FILES = (".log", ".tmp", ".gz", ".old", ".bak", ".dump", ".trace")
_MIB = 1024 * 1024
_YOUNG_POD_SECONDS = 60
_SLOWER = 10
"""A client's operation is a handful of questions and answers; more than so many times one of them is a delay."""


def diagnose(evidence: Evidence, breached: Collection[SignalName]) -> Verdict:
    """What explains the breached signals, the first as the root cause; else undetermined, and that is said.

    Each explained signal has its step: one system can have two troubles at once.
    """
    severity = estimate_severity(evidence, breached)
    measured = tuple(f"{s.name}: {s.message}" for s in evidence.signals if s.message)
    ordered = sorted(breached, key=lambda s: (s in SECONDARY_SIGNALS, s))
    found = [finding for signal in ordered if (finding := _explain(signal, evidence)) is not None]
    findings = [f for n, f in enumerate(found) if f.fault not in {earlier.fault for earlier in found[:n]}]
    if findings:
        return Verdict(
            fault=findings[0].fault,
            system=evidence.system,
            summary=" ".join(found.summary for found in findings),
            solution=" ".join(found.solution for found in findings),
            severity=severity,
            confidence=findings[0].confidence,
            evidence=(*measured, *(found.fact for found in findings)),
            actions=tuple(found.action for found in findings if found.action is not None),
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
    names = ", ".join(sorted(breached))
    return f"{evidence.system} is unhealthy ({names}), and nothing that was read from it explains why."


def _explain(signal: SignalName, evidence: Evidence) -> _Finding | None:
    """The rule's finding. A suspect whose name no action may carry is left to a person, not acted on."""
    rule = _RULES.get(signal)
    if rule is None:
        return None
    try:
        return rule(evidence)
    except ValidationError:
        return None


def estimate_severity(evidence: Evidence, breached: Collection[SignalName]) -> Severity:
    """P0: clients fail. P1: almost nothing is left. P2: below the threshold."""
    if {SignalName.CANARY, SignalName.REACHABLE} & set(breached):
        return Severity.P0
    health = [s.health for s in evidence.signals if s.name in breached and s.health is not None]
    return Severity.P1 if health and min(health) <= 10 else Severity.P2


@dataclass(frozen=True, slots=True)
class _Finding:
    fault: FaultType
    summary: str
    solution: str
    confidence: int
    fact: str
    action: ActionDraft | None
    """None where the harm ends by itself."""


def _explain_memory(e: Evidence) -> _Finding | None:
    # of all that was sampled and of all that is used, not only of the prefixes that are listed
    total = max(sum(p.bytes for p in e.prefixes), _fact(e, "sampled_bytes"), _fact(e, "used_memory"))
    if not e.prefixes or total == 0:
        return None
    top = e.prefixes[0]
    share = top.bytes / total
    if share < DOMINANT_SHARE:
        return None
    return _Finding(
        fault=FaultType.REDIS_MEMORY,
        summary=f"Redis memory is used up by {top.keys} keys that begin with {top.prefix!r}.",
        solution=f"Delete the keys that begin with {top.prefix!r}; all others stay.",
        confidence=_confidence(share),
        fact=f"{top.prefix}* holds {top.bytes / _MIB:.1f} MiB in {top.keys} keys, {share:.0%} of all",
        action=ActionDraft(
            ActionType.REDIS_EVICT_PREFIX,
            e.system,
            ActionParams(prefix=top.prefix),
            f"about {top.keys} keys go and {top.bytes / _MIB:.0f} MiB become free; clients that use them start afresh",
        ),
    )


def _explain_connections(e: Evidence) -> _Finding | None:
    idle = [g for g in e.sessions if g.state == "idle" and g.application_name]
    total = max(sum(g.count for g in e.sessions), _fact(e, "client_sessions"))
    if not idle or total == 0:
        return None
    top: SessionGroup = max(idle, key=lambda g: g.count)
    share = top.count / total
    if share < DOMINANT_SHARE:
        return None
    return _Finding(
        fault=FaultType.POSTGRES_CONNECTIONS,
        summary=f"Postgres connections are held by {top.count} idle sessions of {top.application_name!r}.",
        solution=f"End the idle sessions of {top.application_name!r}; its busy ones and all others stay.",
        confidence=_confidence(share),
        fact=f"{top.application_name}: {top.count} of {total:g} sessions, idle for up to {top.longest_idle_seconds} s",
        action=ActionDraft(
            ActionType.POSTGRES_TERMINATE_IDLE,
            e.system,
            ActionParams(application_name=top.application_name, idle_seconds=0),
            f"about {top.count} idle sessions end; the application has to reconnect",
        ),
    )


def _explain_bloat(e: Evidence) -> _Finding | None:
    bloated = [t for t in e.tables if t.dead >= FEWEST_DEAD]
    if not bloated:
        return None
    top = min(bloated, key=lambda t: (t.health, -t.dead))
    measured = next((s.health for s in e.signals if s.name is SignalName.BLOAT), None)
    if measured is not None and top.health > measured + _NEAR:
        return None  # the table that was measured is not among these, and a sounder one is not to blame
    autovacuum = "" if top.autovacuum else ", and autovacuum is off for it"
    return _Finding(
        fault=FaultType.POSTGRES_BLOAT,
        summary=f"Table {top.name} is bloated with dead rows: {top.dead} dead, {top.live} live{autovacuum}.",
        solution=f"Vacuum table {top.name}.",
        confidence=_confidence(top.dead / (top.dead + top.live)),
        fact=f"{top.name}: {top.dead} dead rows, {top.live} live, {top.bytes / _MIB:.1f} MiB{autovacuum}",
        action=ActionDraft(
            ActionType.POSTGRES_VACUUM,
            e.system,
            ActionParams(table=top.name),
            f"about {top.dead} dead rows are reclaimed; readers and writers go on meanwhile",
        ),
    )


def _explain_usage(e: Evidence) -> _Finding | None:
    used = max(sum(f.bytes for f in e.files), _fact(e, "used_bytes"))
    culprits: list[FileUsage] = [
        f for f in e.files if f.path.endswith(_GROWING_FILES) and used and f.bytes / used >= 0.1
    ]
    taken = sum(f.bytes for f in culprits)
    if not culprits or taken / used < DOMINANT_SHARE:
        return None
    names = ", ".join(f.path for f in culprits)
    return _Finding(
        fault=FaultType.DISK_FILL,
        summary=f"The disk is filled by {names} ({taken / _MIB:.1f} MiB).",
        solution=f"Delete {names}; data files stay.",
        confidence=_confidence(taken / used),
        fact=f"{names}: {taken / _MIB:.1f} of {used / _MIB:.1f} MiB used",
        action=ActionDraft(
            ActionType.DISK_CLEANUP,
            e.system,
            ActionParams(files=[f.path for f in culprits]),
            f"{len(culprits)} file(s) go and {taken / _MIB:.0f} MiB become free; their content is lost",
        ),
    )


def _explain_outage(e: Evidence) -> _Finding | None:
    """A stopped process is one to start; a young pod means that Kubernetes has just replaced one."""
    process, age = e.facts.get(PROCESS), e.facts.get(POD_AGE_SECONDS)
    if process != STOPPED and isinstance(age, int | float) and age < _YOUNG_POD_SECONDS:
        return _Finding(
            fault=FaultType.POD_KILL,
            summary=f"The pod of {e.system} was deleted; Kubernetes is starting another one.",
            solution="Nothing has to be done while Kubernetes replaces the pod; find out who deleted it.",
            confidence=80,
            fact=f"pod: {e.facts.get(POD)}",
            action=None,
        )
    if process not in (STOPPED, NOT_RUNNING):
        return None
    return _Finding(
        fault=FaultType.SYSTEM_DOWN,
        summary=f"The process of {e.system} is {process}, so nothing answers at its address.",
        solution=f"Start {e.system} again.",
        confidence=90,
        fact=f"the control endpoint answers and says that the process is {process}",
        action=ActionDraft(
            ActionType.RESTART_SYSTEM, e.system, ActionParams(), f"{e.system} starts; what it held in memory is lost"
        ),
    )


def _explain_latency(e: Evidence) -> _Finding | None:
    """Slow for clients and fast when asked directly: what is between them is slow."""
    direct = e.facts.get(DIRECT_MILLISECONDS)
    canary = next((s.metrics.get("milliseconds") for s in e.signals if s.name is SignalName.LATENCY), None)
    if not isinstance(direct, int | float) or canary is None or canary < _SLOWER * max(1.0, direct):
        return None
    return _Finding(
        fault=FaultType.NETWORK_LATENCY,
        summary=f"{e.system} itself is fast; its clients wait, so what is between them is slow.",
        solution="End the delay in the proxy in front of it.",
        confidence=85,
        fact=f"a client's small operation takes {canary:.0f} ms, a direct question {direct:g} ms",
        action=ActionDraft(
            ActionType.REMOVE_LATENCY,
            e.system,
            ActionParams(),
            "answers reach the clients as fast as the system gives them",
        ),
    )


def _fact(e: Evidence, name: str) -> float:
    """A number among the facts; 0 where there is none."""
    value = e.facts.get(name)
    return value if isinstance(value, int | float) else 0.0


def _confidence(share: float) -> int:
    """Grows with how much of the harm the suspect explains: half of it is 50, all of it is 95."""
    return max(5, round(50 + 90 * (min(1.0, share) - DOMINANT_SHARE)))


_RULES: dict[SignalName, Callable[[Evidence], _Finding | None]] = {
    SignalName.MEMORY: _explain_memory,
    SignalName.CONNECTIONS: _explain_connections,
    SignalName.BLOAT: _explain_bloat,
    SignalName.USAGE: _explain_usage,
    SignalName.REACHABLE: _explain_outage,
    SignalName.CANARY: _explain_outage,
    SignalName.LATENCY: _explain_latency,
}
