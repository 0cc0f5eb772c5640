"""IncidentGenerators: synthetic incidents for practice, at random intervals and whenever one is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.generator import IncidentGenerator, IncidentTemplate
from incident_crds.incident import Incident, IncidentPhase
from incident_operator.cluster.store import Key, Store
from incident_operator.diagnosis.writer import Writer
from incident_operator.domain.generating import (
    build_incident,
    choose_template,
    decide_turn,
    decide_wish,
    incident_name,
    is_of,
    requested_name,
    status_after,
    status_with_wish,
)

log = structlog.get_logger(__name__)


class Generators:
    """Owns the status of IncidentGenerators."""

    def __init__(self, *, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer

    async def reconcile(self, key: Key) -> timedelta | None:
        """Make what was asked for and what is due; returns when the next is. Names follow from the request's id, or
        from the number: none is made twice."""
        generator = self._store.get(IncidentGenerator, key)
        if generator is None or generator.metadata.deletion_timestamp is not None:
            return None
        generator = await self._grant(generator)
        now = datetime.now(UTC)
        turn = decide_turn(generator, self._count_open(generator), now=now)
        made = ""
        if turn.number is not None:
            made = incident_name(generator, turn.number)
            await self._make(generator, made, choose_template(generator, turn.number))
        written = await self._store.write_status(generator, status_after(generator, turn, made=made, now=now))
        return None if written.status.next_at is None else written.status.next_at - datetime.now(UTC)

    async def _grant(self, generator: IncidentGenerator) -> IncidentGenerator:
        """Handle the request, if there is a new one."""
        request = generator.spec.request
        if request is None:
            return generator
        key = (generator.metadata.namespace, requested_name(generator, request.id))
        is_made = self._store.get(Incident, key) is not None
        wish = decide_wish(generator, self._count_open(generator), is_made=is_made)
        if wish is None:
            return generator
        if wish.template is not None and not is_made:
            await self._make(generator, wish.name, wish.template)
        return await self._store.write_status(generator, status_with_wish(generator, wish))

    async def _make(self, generator: IncidentGenerator, name: str, template: IncidentTemplate) -> None:
        written, author = await self._writer.rewrite(template)
        await self._store.create(build_incident(generator, name, written, author))
        log.info("synthetic incident made", incident=name, text=author)

    def _count_open(self, generator: IncidentGenerator) -> int:
        found = self._store.list_all(Incident, generator.metadata.namespace)
        return sum(is_of(i, generator) and i.status.phase is not IncidentPhase.RESOLVED for i in found)
