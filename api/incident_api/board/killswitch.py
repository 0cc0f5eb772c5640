"""The kill switch as boards show it: one ConfigMap that stops all chaos."""

from __future__ import annotations

from incident_api.board.views import View
from incident_crds.base import Timestamp
from incident_crds.configmap import ConfigMap


class KillSwitch(View):
    """Whether all chaos is stopped."""

    on: bool
    """No fault is injected, and those that were active are undone."""
    reason: str
    """Why; empty while it is off."""
    by: str
    """Who turned it on; empty while it is off, or where nobody says."""
    since: Timestamp | None
    """When it was turned on, or last given another reason."""


OFF = KillSwitch(on=False, reason="", by="", since=None)


def kill_switch_of(found: ConfigMap | None) -> KillSwitch:
    """As the operator reads it: it is on while the ConfigMap is there, unless that says `enabled: "false"`."""
    if found is None or found.data.get("enabled", "true") == "false":
        return OFF
    data = found.data
    since = found.metadata.updated_at
    return KillSwitch(on=True, reason=data.get("reason", ""), by=data.get("by", ""), since=since)
