"""Investigations in the background: a slow model keeps no incident from being moved, resolved or reopened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.store import Key
from incident_operator.services.investigation import Finding

Investigate = Callable[[Incident, Sequence[RemediationPlan]], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked about: one occurrence of an incident, since a person last asked, for its next attempt."""

    uid: str
    occurrence: int
    asked_at: datetime | None
    attempt: int


class Inquiries:
    """At most one investigation for each inquiry; its finding is handed out once."""

    def __init__(self, investigate: Investigate, *, on_done: Callable[[Key], None]) -> None:
        self._investigate = investigate
        self._on_done = on_done
        self._tasks: dict[Inquiry, asyncio.Task[Finding]] = {}

    def ask(self, incident: Incident, plans: Sequence[RemediationPlan], *, attempt: int) -> Finding | None:
        """The finding, or None while it is being looked for; `on_done` tells when to ask again.

        Raises what the investigation failed with, once.
        """
        status = incident.status
        inquiry = Inquiry(incident.metadata.uid, status.occurrences, status.diagnosis_asked_at, attempt)
        task = self._tasks.get(inquiry)
        if task is None:
            self.forget(incident)
            task = asyncio.ensure_future(self._investigate(incident, plans))
            task.add_done_callback(lambda _: self._on_done(incident.key))
            self._tasks[inquiry] = task
            return None
        if not task.done():
            return None
        del self._tasks[inquiry]
        return task.result()

    def forget(self, incident: Incident) -> None:
        """Whatever was asked about the incident before matters no more."""
        for inquiry in [i for i in self._tasks if i.uid == incident.metadata.uid]:
            task = self._tasks.pop(inquiry)
            if not task.cancel() and not task.cancelled():
                task.exception()  # looked at, or the loop would report it as lost

    async def close(self) -> None:
        """End all that are under way."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
