"""The board's generator of practice incidents: started, stopped, and asked for one now."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.projection import incident_view
from incident_api.cluster.actors import Actors
from incident_api.cluster.mirror import SEEN_SECONDS, Mirror
from incident_api.problems import Problem
from incident_api.writes.answers import Outcome
from incident_crds.base import ObjectMeta
from incident_crds.client import ApiClient
from incident_crds.errors import AlreadyExists, NotFound
from incident_crds.generator import IncidentGenerator, IncidentGeneratorSpec
from incident_crds.incident import Incident

NAME = "board"
_TRIES = 5
TEXT_SECONDS = timedelta(seconds=35)
"""A model writes the text within 30 s at most, or a template does."""


class Generators:
    """Each method acts in the viewer's name. Raises Problem and ApiError."""

    def __init__(self, *, actors: Actors, mirror: Mirror) -> None:
        self._actors = actors
        self._mirror = mirror
        self._generating = asyncio.Lock()

    def find(self, namespace: str) -> IncidentGenerator | None:
        """The board's generator as it is; None before it was first used."""
        return self._mirror.generators.objects.get((namespace, NAME))

    async def start(self, viewer: Viewer, namespace: str, changes: Mapping[str, JsonValue]) -> IncidentGenerator:
        """Make incidents at random intervals from now on."""
        return await self._write(viewer, namespace, {**changes, "enabled": True})

    async def stop(self, viewer: Viewer, namespace: str) -> IncidentGenerator:
        """Make none unasked."""
        return await self._write(viewer, namespace, {"enabled": False})

    async def generate(self, viewer: Viewer, namespace: str, template: str | None) -> Outcome | str:
        """One incident now, or the id of the request where it was not made in time."""
        async with self._generating:  # a generator has room for one request
            return await self._generate(viewer, namespace, template)

    async def _generate(self, viewer: Viewer, namespace: str, template: str | None) -> Outcome | str:
        for _ in range(_TRIES):
            id = uuid.uuid4().hex
            written = await self._write(viewer, namespace, {"request": {"id": id, "template": template}})
            answered = await self._answered(written, id)
            if answered is None:
                return id
            handled = answered.status.handled_request
            if handled is not None and handled.id == id:
                if not handled.incident:
                    raise Problem("request-refused", handled.message)
                return await self._incident(viewer, (namespace, handled.incident))
        raise Problem("conflict", "others ask the generator all the time: try again in a moment")

    async def _answered(self, written: IncidentGenerator, id: str) -> IncidentGenerator | None:
        """Once the operator has handled the request, or another has taken its place; None when neither came."""

        def look() -> IncidentGenerator | None:
            now = self._mirror.seen(written)
            if now is None:
                return None
            is_lost = now.spec.request is None or now.spec.request.id != id
            handled = now.status.handled_request
            return now if is_lost or (handled is not None and handled.id == id) else None

        return await self._mirror.wait_for(IncidentGenerator, written.key, look, TEXT_SECONDS)

    async def _incident(self, viewer: Viewer, key: tuple[str, str]) -> Outcome:
        """With its number, where the operator gives it one in time."""

        def look() -> Incident | None:
            now = self._mirror.incidents.objects.get(key)
            return now if now is not None and now.status.phase is not None else None

        found = await self._mirror.wait_for(Incident, key, look, SEEN_SECONDS)
        incident = found or await self._actors.acting_as(viewer.token).get(Incident, *key)
        return Outcome(incident_view(incident).model_dump_json().encode(), incident.metadata.resource_version)

    async def _write(self, viewer: Viewer, namespace: str, spec: Mapping[str, JsonValue]) -> IncidentGenerator:
        """Change it; make it first where there is none, and stopped."""
        client = self._actors.acting_as(viewer.token)
        try:
            return await self._patch(client, namespace, spec)
        except NotFound:
            metadata = ObjectMeta(name=NAME, namespace=namespace)
            made = IncidentGenerator(metadata=metadata, spec=IncidentGeneratorSpec(enabled=False))
            with suppress(AlreadyExists):  # somebody was faster
                await client.create(made)
            return await self._patch(client, namespace, spec)

    async def _patch(self, client: ApiClient, namespace: str, spec: Mapping[str, JsonValue]) -> IncidentGenerator:
        written = await client.patch(IncidentGenerator, namespace, NAME, {"spec": dict(spec)})
        return await self._mirror.wait_seen(written)
