"""Incidents: created, edited and deleted by people; everything else is asked of the operator by spec.request."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import orjson
import structlog
from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.board import Board
from incident_api.board.cards import Card
from incident_api.board.projection import incident_view
from incident_api.board.scope import Topic
from incident_api.cluster.actors import Actors
from incident_api.cluster.mirror import SEEN_SECONDS, Mirror
from incident_api.problems import Problem, busy
from incident_api.writes.answers import Outcome
from incident_crds.base import REQUESTED_BY_ANNOTATION, ObjectMeta
from incident_crds.errors import Conflict, Forbidden, NotFound
from incident_crds.incident import Incident, IncidentPhase, IncidentSpec, RequestAction

DIAGNOSIS_SECONDS = timedelta(seconds=35)
"""A diagnosis takes 30 s at most, and has to be noticed and written."""
_REQUEST_FIELDS: tuple[str, ...] = ("id", "action", "phase", "reason", "mergeInto")
_DELETIONS_AT_ONCE = 8
_CONSULTATIONS_AT_ONCE = 2
"""The operator investigates few at once, and the real incidents come first."""
_LEFTOVER_AFTER = timedelta(minutes=2)
_TRIES = 5
"""One that came at the same time by another door may have taken a request's place."""
_NO_VERSION_ABOVE = 2**63
_NO_OBJECTS_VERSION = "1"
"""What no object is of: the API server would take 0 as a write that asks for no version."""

log = structlog.get_logger(__name__)


class Incidents:
    """Each method acts in the viewer's name. Raises Problem and ApiError."""

    def __init__(self, *, actors: Actors, mirror: Mirror, board: Board, reply: timedelta) -> None:
        self._actors = actors
        self._mirror = mirror
        self._board = board
        self._reply = reply
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By incident: it has room for one request, so that those of this process take turns."""
        self._consultations = asyncio.Semaphore(_CONSULTATIONS_AT_ONCE)

    async def create(self, viewer: Viewer, namespace: str, spec: IncidentSpec) -> Outcome:
        """A new incident; its running number comes from the operator a moment later."""
        incident = Incident(metadata=ObjectMeta(generate_name="incident-", namespace=namespace), spec=spec)
        created = await self._actors.acting_as(viewer.token).create(incident)
        return _outcome(await self._mirror.wait_seen(created))

    async def edit(
        self, viewer: Viewer, card: Card, changes: Mapping[str, JsonValue], *, if_match: str | None
    ) -> Outcome:
        """Fields of spec, as they stand in the API."""
        written = await self._patch(viewer, card, {"spec": dict(changes)}, if_match)
        return _outcome(await self._mirror.wait_seen(written))

    async def ask(
        self,
        viewer: Viewer,
        card: Card,
        action: RequestAction,
        *,
        if_match: str | None = None,
        **fields: JsonValue,
    ) -> tuple[Incident, bool]:
        """Ask the operator. Returns the incident, and whether it was acted on in time.

        Raises Problem where the operator refused.
        """
        async with self._locks.setdefault(card.id, asyncio.Lock()):
            return await self._ask(viewer, card, action, if_match, fields)

    async def _ask(
        self,
        viewer: Viewer,
        card: Card,
        action: RequestAction,
        if_match: str | None,
        fields: Mapping[str, JsonValue],
    ) -> tuple[Incident, bool]:
        for _ in range(_TRIES):
            id = uuid.uuid4().hex
            asked: dict[str, JsonValue] = {"id": id, "action": action.value, **fields}
            request = {name: asked.get(name) for name in _REQUEST_FIELDS}  # what the one before it had is taken away
            patch = {
                "metadata": {"annotations": {REQUESTED_BY_ANNOTATION: viewer.identity.user}},
                "spec": {"request": request},
            }
            written = await self._patch(viewer, card, patch, if_match)
            answered = await self._answered(written, id)
            if answered is None:
                return self._mirror.seen(written) or written, False
            if id in answered.status.handled_requests:
                refused = answered.status.refused_request
                if refused is not None and refused.id == id:
                    raise Problem("request-refused", refused.message, reason=refused.reason, current=_current(answered))
                return answered, True
        raise Problem("conflict", "others ask of this incident all the time: try again in a moment")

    async def _answered(self, written: Incident, id: str) -> Incident | None:
        """Once the operator has handled the request, or another has taken its place unseen; None when neither came."""

        def look() -> Incident | None:
            now = self._mirror.seen(written)
            if now is None:
                return None
            is_lost = now.spec.request is None or now.spec.request.id != id
            return now if is_lost or id in now.status.handled_requests else None

        return await self._mirror.wait_for(Incident, written.key, look, self._reply)

    async def ask_outcome(self, viewer: Viewer, card: Card, action: RequestAction, **given: Any) -> Outcome:
        """As `ask`, for who wants to see the incident."""
        incident, is_done = await self.ask(viewer, card, action, **given)
        return _outcome(incident, is_done=is_done)

    async def analyze(self, viewer: Viewer, card: Card) -> tuple[Incident, bool]:
        """A diagnosis made now. Returns the incident, and whether it is there already."""
        asked, is_done = await self.ask(viewer, card, RequestAction.DIAGNOSE)
        if not is_done:
            return asked, False
        return await self._until(asked, _is_diagnosed)

    async def consult(self, viewer: Viewer, incident: Incident) -> Incident | None:
        """A diagnosis of an incident that is made for it and goes again; None where none came in time."""
        if self._consultations.locked():
            raise busy("too-many-requests", "as many diagnoses as may be are being made for others", 5)
        async with self._consultations:
            await self._sweep(viewer, incident.metadata.namespace)
            return await self._consult(viewer, incident)

    async def _sweep(self, viewer: Viewer, namespace: str) -> None:
        """What a process that died in mid-diagnosis left: no board shows it, so nobody else would delete it."""
        oldest = datetime.now(UTC) - _LEFTOVER_AFTER
        for found in list(self._mirror.incidents.objects.values()):
            created = found.metadata.creation_timestamp
            is_ours = found.is_consultation and found.metadata.namespace == namespace
            if is_ours and created is not None and created < oldest:
                await self._forget(viewer, found)

    async def _consult(self, viewer: Viewer, incident: Incident) -> Incident | None:
        created = await self._actors.acting_as(viewer.token).create(incident)
        try:
            found, is_done = await self._until(created, _is_diagnosed)
            return found if is_done else None
        finally:
            await asyncio.shield(self._forget(viewer, created))

    async def _forget(self, viewer: Viewer, incident: Incident) -> None:
        try:
            await self._actors.acting_as(viewer.token).delete(Incident, *incident.key, uid=incident.metadata.uid)
        except (NotFound, Forbidden) as error:
            log.info("a consultation was not deleted", incident=incident.metadata.name, error=str(error))

    async def _until(self, incident: Incident, is_there: Callable[[Incident], bool]) -> tuple[Incident, bool]:
        """The incident once that holds, or as it is once it cannot come any more or the time is over."""
        latest = incident

        def look() -> Incident | None:
            nonlocal latest
            now = self._mirror.incidents.objects.get(incident.key)
            if now is None:
                is_over = latest is not incident  # seen before, and gone
            else:
                latest, is_over = now, is_there(now) or now.status.phase is IncidentPhase.RESOLVED
            return latest if is_over else None

        await self._mirror.wait_for(Incident, incident.key, look, DIAGNOSIS_SECONDS)
        return latest, is_there(latest)

    async def delete(self, viewer: Viewer, card: Card) -> None:
        """That very object; a namesake that came meanwhile stays."""
        client = self._actors.acting_as(viewer.token)
        await client.delete(Incident, card.namespace, card.name, uid=card.id)
        key = (card.namespace, card.name)
        await self._mirror.wait_for(Incident, key, lambda: self._is_gone(card) or None, SEEN_SECONDS)

    async def reset(self, viewer: Viewer, namespace: str) -> int:
        """Delete every incident of the namespace; returns how many."""
        cards = [card for card in self._board.cards(Topic.INCIDENT) if card.namespace == namespace]
        free = asyncio.Semaphore(_DELETIONS_AT_ONCE)
        client = self._actors.acting_as(viewer.token)

        async def delete(card: Card) -> int:
            async with free:
                try:
                    await client.delete(Incident, card.namespace, card.name, uid=card.id)
                except (NotFound, Conflict):
                    return 0
                return 1

        first, rest = cards[:1], cards[1:]  # one alone: who may not is told so once
        deleted = [await delete(card) for card in first]
        return sum(deleted) + sum(await asyncio.gather(*(delete(card) for card in rest)))

    def _is_gone(self, card: Card) -> bool:
        return self._board.card(Topic.INCIDENT, card.id) is None

    async def _patch(self, viewer: Viewer, card: Card, patch: Mapping[str, Any], if_match: str | None) -> Incident:
        client = self._actors.acting_as(viewer.token)
        version = _version_of(if_match)
        metadata = {**patch.get("metadata", {}), "uid": card.id}  # a namesake that came meanwhile is not meant
        body = {**patch, "metadata": metadata}
        try:
            return await client.patch(Incident, card.namespace, card.name, body, resource_version=version)
        except Conflict as error:
            if version is None:
                raise
            current = await client.get(Incident, card.namespace, card.name)
            raise Problem(
                "stale-write",
                "the incident was changed since you read it: look at it as it is now, and repeat what you want",
                current=_current(current),
            ) from error


def _is_diagnosed(incident: Incident) -> bool:
    status = incident.status
    if status.diagnosis is None:
        return False
    asked = status.diagnosis_asked_at
    return asked is None or (status.evidence is not None and status.evidence.collected_at >= asked)


def _version_of(if_match: str | None) -> str | None:
    """The resourceVersion in an ETag of ours; `*` asks for no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/").strip('"').partition(".")[0]
    is_version = tag.isascii() and tag.isdigit() and 0 < int(tag) < _NO_VERSION_ABOVE
    return tag if is_version else _NO_OBJECTS_VERSION


def _current(incident: Incident) -> JsonValue:
    current: JsonValue = orjson.loads(incident_view(incident).model_dump_json())
    return current


def _outcome(incident: Incident, *, is_done: bool = True) -> Outcome:
    body = incident_view(incident).model_dump_json().encode()
    return Outcome(body, incident.metadata.resource_version, is_done)
