"""What is known around an incident besides its system: earlier plans, earlier incidents, Events of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_operator.domain.evidence import Related
from incident_operator.domain.evidence_document import Rows

_MOST = 10


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event of somebody else's, about an object of no kind of ours."""

    at: datetime
    about: str
    reason: str
    message: str


def describe_report(incident: Incident) -> Rows:
    """What whoever opened the incident wrote; of the detector's own there is nothing that the signals do not say."""
    spec = incident.spec
    written = [("title", spec.title), ("description", spec.description), ("source", spec.source), ("notes", spec.notes)]
    rows = [(name, text) for name, text in written if text]
    return Rows("what was reported", ("field", "text"), [] if spec.signal is not None else rows)


def describe_related(related: Sequence[Related]) -> list[Rows]:
    """Other systems that broke under the same incident: their signals, and who is connected to them."""
    signals = [
        (r.evidence.system, s.name, "" if s.health is None else s.health, s.name in r.breached, s.message)
        for r in related
        for s in r.evidence.signals
    ]
    sessions = [
        (r.evidence.system, g.application_name, g.user, g.state, g.count, g.longest_idle_seconds)
        for r in related
        for g in r.evidence.sessions
    ]
    columns = ("system", "application", "user", "state", "sessions", "longest idle seconds")
    return [
        Rows(
            "other systems that broke with it", ("system", "signal", "health", "broken", "measured"), signals, names=1
        ),
        Rows("client sessions of those", columns, sessions, names=3),
    ]


def describe_attempts(plans: Sequence[RemediationPlan]) -> Rows:
    """What was tried for this incident already, and what came of it: the next plan should not be the same."""
    return Rows(
        "earlier plans for this incident",
        ("plan", "actions", "outcome", "why"),
        [
            (p.metadata.name, ", ".join(a.type for a in p.spec.actions), p.status.phase or "Proposed", p.status.message)
            for p in plans[-_MOST:]
        ],
    )


def describe_history(incidents: Sequence[Incident], *, now: datetime) -> Rows:
    """Earlier incidents of the system, and how they ended."""
    return Rows(
        "earlier incidents of this system",
        ("number", "seconds ago", "cause", "ended"),
        [
            (
                i.status.number,
                _seconds(i.status.timestamps.resolved_at, now),
                (i.status.diagnosis.root_cause.fault_type if i.status.diagnosis else None) or "Undetermined",
                i.status.reason or "",
            )
            for i in incidents[:_MOST]
        ],
    )


def describe_events(events: Sequence[EventNote], *, now: datetime) -> Rows:
    """Events of others in the namespace, the latest first."""
    ordered = sorted(events, key=lambda e: e.at, reverse=True)
    return Rows(
        "events of others in the namespace",
        ("seconds ago", "object", "reason", "message"),
        [(_seconds(e.at, now), e.about, e.reason, e.message) for e in ordered[: 2 * _MOST]],
    )


def _seconds(at: datetime | None, now: datetime) -> int | str:
    return "" if at is None else max(0, int((now - at).total_seconds()))
