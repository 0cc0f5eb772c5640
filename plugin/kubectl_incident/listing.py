"""`list`: the incidents there are, the open ones first to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from kubectl_incident.documents import GROUP, INCIDENTS, PLANS, Document, escalation
from kubectl_incident.finding import place_of, plans_of
from kubectl_incident.kubectl import Kubectl
from kubectl_incident.plans import is_asked
from kubectl_incident.terminal import Terminal, age

_OLD = datetime.min.replace(tzinfo=timezone.utc)


def run_list(kubectl: Kubectl, terminal: Terminal, *, every: bool, as_json: bool) -> int:
    """Open ones, or with `every` the resolved ones too; newest first."""
    found = kubectl.list(f"{INCIDENTS},{PLANS}")
    plans = [d for d in found if d.kind == "RemediationPlan"]
    incidents = [d for d in found if d.kind == "Incident" and d.label(f"{GROUP}/purpose") != "consultation"]
    shown = sorted(
        (i for i in incidents if every or i.phase != "Resolved"),
        key=lambda i: (i.created or _OLD, i.name),
        reverse=True,
    )
    now = datetime.now(timezone.utc)
    if as_json:
        terminal.json([summary(incident, plans) for incident in shown])
    elif shown:
        terminal.table(*_table(shown, plans, now, everywhere=kubectl.everywhere))
    else:
        hidden = len(incidents)
        beside = f"; {hidden} resolved: see them with --all" if hidden else ""
        elsewhere = "" if kubectl.everywhere or hidden else "; -A looks in every namespace"
        terminal.note(f"No {'' if every else 'open '}incidents in {place_of(kubectl)}{beside}{elsewhere}.")
    return 0


def waiting_plan(incident: Document, plans: Sequence[Document]) -> str:
    """The name of the incident's plan that waits for a person, or empty."""
    waits = [p.name for p in plans_of(incident, plans) if p.phase == "AwaitingApproval" and not is_asked(p)]
    return waits[-1] if waits else ""


def need(incident: Document, plans: Sequence[Document]) -> str:
    """What the incident waits for, if it is a person."""
    if incident.phase == "Resolved":
        return ""
    if plan := waiting_plan(incident, plans):
        return f"approve {plan}"
    return "a person" if escalation(incident) else ""


def summary(incident: Document, plans: Sequence[Document]) -> dict[str, Any]:
    """An incident for programs: every key is always there."""
    return {
        "number": incident.text("status.number"),
        "name": incident.name,
        "namespace": incident.namespace,
        "severity": incident.text("status.severity"),
        "phase": incident.phase,
        "reason": incident.text("status.reason"),
        "systems": incident.systems,
        "title": incident.text("spec.title"),
        "createdAt": incident.text("metadata.creationTimestamp"),
        "waitingPlan": waiting_plan(incident, plans),
        "escalated": escalation(incident),
    }


def _table(
    incidents: Sequence[Document], plans: Sequence[Document], now: datetime, *, everywhere: bool
) -> tuple[list[str], list[list[str]]]:
    headers = ["NUMBER", "SEVERITY", "PHASE", "SYSTEM", "AGE", "WAITS FOR", "TITLE"]
    rows = [
        [
            incident.text("status.number") or incident.name,
            incident.text("status.severity") or "-",
            incident.phase or "-",
            ",".join(incident.systems) or "-",
            age(incident.created, now),
            need(incident, plans) or "-",
            incident.text("spec.title"),
        ]
        for incident in incidents
    ]
    if everywhere:
        headers = ["NAMESPACE", *headers]
        rows = [[incident.namespace, *row] for incident, row in zip(incidents, rows)]
    return headers, rows
