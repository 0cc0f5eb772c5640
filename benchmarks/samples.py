"""Incidents as a busy week leaves them: every field that the board shows is filled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incident_crds.base import ObjectMeta, set_condition
from incident_crds.catalogue import FaultType, Severity, SignalName, SystemType
from incident_crds.diagnosis import (
    Diagnosis,
    EvidenceDocument,
    EvidenceTable,
    HealthPoint,
    ProviderAttempt,
    RootCause,
    SignalEvidence,
)
from incident_crds.incident import (
    Incident,
    IncidentDurations,
    IncidentPhase,
    IncidentSpec,
    IncidentStatus,
    StatusChange,
    TimelineEntry,
    Timestamps,
)

TEAMS = ("Platform", "Frontend", "Backend", "Data", "Infrastructure")
_OPEN = (IncidentPhase.TRIAGE, IncidentPhase.INVESTIGATING, IncidentPhase.FIXING)
_BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, in the words of both systems."""

    system: str
    system_type: SystemType
    signal: SignalName
    fault: FaultType
    title: str
    summary: str
    solution: str


_TROUBLES = (
    Trouble(
        "redis-test",
        SystemType.REDIS,
        SignalName.MEMORY,
        FaultType.REDIS_MEMORY,
        "Cache answers with OOM errors during checkout",
        "Memory of redis-test is used up by keys below session:, which have no expiry; writes are refused.",
        "Evict the keys below session: and give new ones an expiry. Then watch the canary for a minute.",
    ),
    Trouble(
        "postgres-test",
        SystemType.POSTGRES,
        SignalName.CONNECTIONS,
        FaultType.POSTGRES_CONNECTIONS,
        "Orders cannot reach the database, too many clients",
        "Idle sessions of one application hold nearly all connections of postgres-test; new ones are refused.",
        "Terminate the idle sessions that are older than a minute, and lower the size of the pool.",
    ),
    Trouble(
        "disk-monitor",
        SystemType.DISK,
        SignalName.USAGE,
        FaultType.DISK_FILL,
        "Volume of the log shipper is nearly full",
        "A single file that grew within minutes takes most of the volume; nothing else has changed.",
        "Remove the file that the fault left behind, and set a limit for the rotation of logs.",
    ),
)


def trouble_of(number: int) -> Trouble:
    """Incidents take turns."""
    return _TROUBLES[number % len(_TROUBLES)]


def phase_of(number: int) -> IncidentPhase:
    """None is resolved, so that systems which list those elsewhere have as much to list."""
    return _OPEN[number // len(_TROUBLES) % len(_OPEN)]


def opened_at(number: int) -> datetime:
    """A minute apart."""
    return _BEGIN + timedelta(minutes=number)


def build_incident(name: str, namespace: str, number: int) -> Incident:
    """A whole incident with about 7 kB of JSON: diagnosis, evidence, three moves, a timeline of ten."""
    trouble = trouble_of(number)
    spec = IncidentSpec(
        title=f"{trouble.title} ({number})",
        description=f"{trouble.signal} of {trouble.system} fell below its threshold and stayed there.",
        source=trouble.system,
        affected_systems=[trouble.system],
        signal=trouble.signal,
        breach_number=number + 1,
        team=TEAMS[number % len(TEAMS)],
        assignee="alex" if number % 2 else "",
        notes="Looked at the dashboard; the pool of the worker is the usual suspect.",
        generated_by="detector",
        metadata={"region": "eu-1", "runbook": f"runbook-{trouble.system}"},
    )
    metadata = ObjectMeta(name=name, namespace=namespace)
    return Incident(metadata=metadata, spec=spec, status=_status(number, trouble))


def _status(number: int, trouble: Trouble) -> IncidentStatus:
    at = opened_at(number)
    severity = list(Severity)[number % len(Severity)]
    return IncidentStatus(
        number=f"INC-{number + 1:04d}",
        phase=phase_of(number),
        severity=severity,
        actionable=True,
        diagnosis=_diagnosis(trouble, severity),
        evidence=_evidence(trouble, at),
        timestamps=Timestamps(
            breached_at=at,
            detected_at=at + timedelta(seconds=4),
            acknowledged_at=at + timedelta(seconds=40),
            diagnosed_at=at + timedelta(seconds=12),
            plan_proposed_at=at + timedelta(seconds=15),
        ),
        durations=IncidentDurations(detect=4.0, acknowledge=36.0, diagnose=8.0),
        status_history=_history(number, at),
        timeline=[
            TimelineEntry(
                at=at + timedelta(seconds=4 * step),
                actor="operator",
                type="SignalMeasured",
                detail=f"{trouble.signal} of {trouble.system} is at {30 - step} of 100 for {4 * step} s.",
            )
            for step in range(10)
        ],
        signals=[trouble.signal, SignalName.CANARY],
        occurrences=1,
        plans=[f"plan-{number}-1"],
        observed_generation=1,
        conditions=set_condition([], "Diagnosed", True, reason="Answered", message="Diagnosed by rules.", now=at),
    )


def _history(number: int, at: datetime) -> list[StatusChange]:
    moves = [(None, _OPEN[0]), (_OPEN[0], _OPEN[1]), (_OPEN[1], phase_of(number))]
    return [
        StatusChange(from_=before, to=after, at=at + timedelta(seconds=20 * step), actor="sre", reason="Moved by hand.")
        for step, (before, after) in enumerate(moves)
    ]


def _diagnosis(trouble: Trouble, severity: Severity) -> Diagnosis:
    attempt = ProviderAttempt(
        provider="groq", model="a-model", outcome="Unreachable", message="No answer in time.", latency_ms=1500
    )
    return Diagnosis(
        provider="rules",
        summary=trouble.summary,
        root_cause=RootCause(system=trouble.system, fault_type=trouble.fault),
        severity=severity,
        solution=trouble.solution,
        confidence=90,
        evidence=[f"{trouble.signal} is at 20 of 100", "the canary fails since 40 s", "nothing else is breached"],
        fallback_chain=[attempt],
        latency_ms=1510,
    )


def _evidence(trouble: Trouble, at: datetime) -> EvidenceDocument:
    names = (trouble.signal, SignalName.CANARY, SignalName.LATENCY, SignalName.REACHABLE)
    return EvidenceDocument(
        system=trouble.system,
        type=trouble.system_type,
        threshold_percent=60,
        collected_at=at,
        signals=[
            SignalEvidence(
                name=name,
                health=20,
                breached=name is trouble.signal,
                message=f"{name} was measured within the last second",
                history=[HealthPoint(seconds_ago=60 - 10 * point, health=90 - 10 * point) for point in range(6)],
            )
            for name in names
        ],
        facts={f"setting-{fact}": f"value {fact * 1024}" for fact in range(8)},
        tables=[
            EvidenceTable(
                title="What takes the most",
                columns=["name", "count", "bytes"],
                rows=[[f"group-{row}", str(row * 100), str(row * 4096)] for row in range(6)],
                left_out=4,
            )
        ],
    )
