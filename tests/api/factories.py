"""Resources as the API server would give them, for tests that need no server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from incident_api.board.cards import Card, incident_card
from incident_crds.base import ObjectMeta
from incident_crds.catalogue import Severity
from incident_crds.incident import Incident, IncidentPhase, IncidentSpec, IncidentStatus

START = datetime(2026, 1, 1, tzinfo=UTC)


def incident(
    number: int,
    *,
    version: int | None = None,
    namespace: str = "drills",
    title: str = "disk is full",
    phase: IncidentPhase = IncidentPhase.TRIAGE,
    severity: Severity = Severity.P2,
    team: str = "",
    systems: tuple[str, ...] = (),
) -> Incident:
    """Number `number`, created that many seconds after START."""
    return Incident(
        metadata=ObjectMeta(
            name=f"incident-{number}",
            namespace=namespace,
            uid=f"uid-{number}",
            resource_version=str(version or number),
            creation_timestamp=START + timedelta(seconds=number),
        ),
        spec=IncidentSpec(title=title, team=team, affected_systems=list(systems)),
        status=IncidentStatus(number=f"INC-{number:04d}", phase=phase, severity=severity),
    )


def card(number: int, *, version: int | None = None, namespace: str = "drills", title: str = "disk is full") -> Card:
    """The card of such an incident."""
    return incident_card(incident(number, version=version, namespace=namespace, title=title))
