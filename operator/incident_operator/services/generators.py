"""IncidentGenerators: synthetic incidents for practice, at random intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.generator import IncidentGenerator
from incident_crds.incident import Incident, IncidentPhase
from incident_operator.cluster.store import Key, Store
from incident_operator.diagnosis.writer import Writer
from incident_operator.domain.generating import build_incident, choose_template, decide_turn, is_of, status_after

log = structlog.get_logger(__name__)


class Generators:
    """Owns the status of IncidentGenerators."""

    def __init__(self, *, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer

    async def reconcile(self, key: Key) -> timedelta | None:
        """Make what is due; returns when the next is. The name follows from the number: none is made twice."""
        generator = self._store.get(IncidentGenerator, key)
        if generator is None or generator.metadata.deletion_timestamp is not None:
            return None
        now = datetime.now(UTC)
        turn = decide_turn(generator, self._count_open(generator), now=now)
        made = ""
        if turn.number is not None:
            template, author = await self._writer.rewrite(choose_template(generator, turn.number))
            incident = await self._store.create(build_incident(generator, turn.number, template, author))
            made = incident.metadata.name
            log.info("synthetic incident made", incident=made, text=author)
        written = await self._store.write_status(generator, status_after(generator, turn, made=made, now=now))
        return None if written.status.next_at is None else written.status.next_at - datetime.now(UTC)

    def _count_open(self, generator: IncidentGenerator) -> int:
        found = self._store.list_all(Incident, generator.metadata.namespace)
        return sum(is_of(i, generator) and i.status.phase is not IncidentPhase.RESOLVED for i in found)
