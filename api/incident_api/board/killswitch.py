"""The kill switch as boards show it: one ConfigMap that stops all chaos."""

from __future__ import annotations

from incident_api.board.views import View
from incident_crds.base import Timestamp


class KillSwitch(View):
    """Whether all chaos is stopped."""

    on: bool
    """No fault is injected, and those that were active are undone."""
    reason: str
    """Why; empty while it is off."""
    by: str
    """Who turned it on; empty while it is off, or where nobody says."""
    since: Timestamp | None
    """When it was turned on."""
