"""What the rest needs to know of a target system."""

from __future__ import annotations

from dataclasses import dataclass, field

from incident_crds.catalogue import SystemType
from incident_local.identities import ensure_secret
from incident_local.state import StateFolder
from incident_local.supervisor import Service


@dataclass(frozen=True, slots=True)
class Credentials:
    """Control rights for the operator, ordinary rights for the canary and the workload."""

    username: str
    password: str = field(repr=False)
    app_username: str
    app_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TargetSystem:
    """A system that the supervisor runs and that a MockSystem describes."""

    name: str
    type: SystemType
    endpoint: str
    credentials: Credentials
    service: Service
    database: str | None = None
    capacity_bytes: int | None = None


def ensure_credentials(state: StateFolder, name: str) -> Credentials:
    """Passwords that are made once and survive a restart."""
    return Credentials(
        username="control",
        password=ensure_secret(state.secrets / f"{name}.control.password"),
        app_username="app",
        app_password=ensure_secret(state.secrets / f"{name}.app.password"),
    )
