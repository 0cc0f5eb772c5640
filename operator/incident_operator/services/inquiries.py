"""Investigations in the background: a slow model keeps no incident from being moved, resolved or reopened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from incident_crds.errors import ApiError
from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.store import Key
from incident_operator.domain.outages import outage_found_at
from incident_operator.services.investigation import Finding
from incident_operator.targets.errors import TargetError

AT_ONCE = 4
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

Investigate = Callable[[Incident, Sequence[RemediationPlan]], Awaitable[Finding]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked: about one occurrence of an incident as it and its plans are, for its next attempt."""

    uid: str
    occurrence: int
    asked: tuple[datetime | None, ...]
    systems: tuple[str, ...]
    plans: tuple[tuple[str, str], ...]
    attempt: int


class Inquiries:
    """At most one investigation for each incident; its finding is handed out once. One that failed is made again."""

    def __init__(self, investigate: Investigate, *, on_done: Callable[[Key], None]) -> None:
        self._investigate = investigate
        self._on_done = on_done
        self._tasks: dict[Key, tuple[Inquiry, asyncio.Task[Finding]]] = {}
        self._pauses: dict[Key, tuple[int, asyncio.TimerHandle]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)

    def ask(self, incident: Incident, plans: Sequence[RemediationPlan], *, attempt: int) -> Finding | None:
        """The finding, or None while it is being looked for; `on_done` tells when to ask again."""
        key, inquiry = incident.key, _inquiry(incident, plans, attempt)
        paused = self._pauses.get(key)
        if paused is not None and paused[1].when() > asyncio.get_running_loop().time():
            return None
        known = self._tasks.get(key)
        if known is None or known[0] != inquiry:
            self._begin(key, inquiry, incident, plans)
            return None
        if not known[1].done():
            return None
        del self._tasks[key]
        return self._finding(key, known[1])

    def _begin(self, key: Key, inquiry: Inquiry, incident: Incident, plans: Sequence[RemediationPlan]) -> None:
        self._end(key)
        task = asyncio.ensure_future(self._run(incident, plans))
        task.add_done_callback(lambda _: self._on_done(key))
        self._tasks[key] = (inquiry, task)

    async def _run(self, incident: Incident, plans: Sequence[RemediationPlan]) -> Finding:
        async with self._free:
            return await self._investigate(incident, plans)

    def _finding(self, key: Key, task: asyncio.Task[Finding]) -> Finding | None:
        if task.cancelled():
            return None
        error = task.exception()
        if error is None:
            self._pauses.pop(key, None)
            return task.result()
        failures = self._pauses[key][0] + 1 if key in self._pauses else 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))
        timer = asyncio.get_running_loop().call_later(pause, self._on_done, key)
        self._pauses[key] = (failures, timer)
        if isinstance(error, ApiError | TargetError):
            log.warning("investigation failed; it is tried again", incident=key[1], error=str(error), seconds=pause)
        else:
            log.error("investigation failed; it is tried again", incident=key[1], seconds=pause, exc_info=error)
        return None

    def forget(self, key: Key) -> None:
        """Whatever was asked about the incident matters no more."""
        self._end(key)
        if key in self._pauses:
            self._pauses.pop(key)[1].cancel()

    def _end(self, key: Key) -> None:
        known = self._tasks.pop(key, None)
        if known is not None and not known[1].cancel() and not known[1].cancelled():
            known[1].exception()  # looked at, or the loop would report it as lost

    async def close(self) -> None:
        """End all that are under way."""
        tasks = [task for _, task in self._tasks.values()]
        for key in [*self._tasks, *self._pauses]:
            self.forget(key)
        await asyncio.gather(*tasks, return_exceptions=True)


def _inquiry(incident: Incident, plans: Sequence[RemediationPlan], attempt: int) -> Inquiry:
    status = incident.status
    return Inquiry(
        uid=incident.metadata.uid,
        occurrence=status.occurrences,
        asked=(status.diagnosis_asked_at, status.proposal_asked_at, outage_found_at(incident)),
        systems=tuple(incident.systems),
        plans=tuple((p.metadata.name, p.status.phase or "") for p in plans),
        attempt=attempt,
    )
