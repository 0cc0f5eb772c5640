"""Names that a retry finds again: each follows from what the object is about."""

from __future__ import annotations

import hashlib

from incident_crds.catalogue import SignalName

_LONGEST = 200


def incident_name(system: str, signal: SignalName, breach_number: int) -> str:
    """The one name that an incident of this breach can have."""
    return f"{system[:_LONGEST]}-{signal}-{breach_number}"


def plan_name(incident: str, attempt: int) -> str:
    """The one name that the operator's plan for this attempt can have."""
    return f"{incident[:_LONGEST]}-plan-{attempt}"


def fault_tag(experiment_uid: str, system_uid: str) -> str:
    """Twelve hex digits that mark all a fault leaves on a system, and that tell a diagnoser nothing."""
    return hashlib.sha256(f"{experiment_uid}/{system_uid}".encode()).hexdigest()[:12]


def incident_number(count: int) -> str:
    """The running number that people say: INC-0001."""
    return f"INC-{count:04d}"
