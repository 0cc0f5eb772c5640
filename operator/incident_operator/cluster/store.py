"""What the API server holds, as last seen, and the guarded writes to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import structlog
from pydantic import JsonValue, ValidationError

from incident_crds.base import Model, Resource
from incident_crds.chaosexperiment import ChaosExperiment, ChaosExperimentStatus
from incident_crds.client import ApiClient
from incident_crds.errors import AlreadyExists, Conflict, NotFound
from incident_crds.generator import IncidentGenerator, IncidentGeneratorStatus
from incident_crds.incident import Incident, IncidentStatus
from incident_crds.mocksystem import MockSystem, MockSystemStatus
from incident_crds.remediationplan import RemediationPlan, RemediationPlanStatus
from incident_operator.domain.merge import merge_difference

R = TypeVar("R", bound=Resource)
Key = tuple[str, str]
"""(namespace, name)."""
Listener = Callable[[type[Resource], Key, Resource | None], None]
Historian = Callable[[Resource, Resource], None]

WATCHED: tuple[type[Resource], ...] = (MockSystem, ChaosExperiment, Incident, RemediationPlan, IncidentGenerator)

_STATUS_OF: dict[type[Resource], type[Model]] = {
    MockSystem: MockSystemStatus,
    ChaosExperiment: ChaosExperimentStatus,
    Incident: IncidentStatus,
    RemediationPlan: RemediationPlanStatus,
    IncidentGenerator: IncidentGeneratorStatus,
}

log = structlog.get_logger(__name__)


class Store:
    """A cache of the watched kinds that also sees its own writes at once.

    Events and answers to writes arrive in any order, so an object is replaced by a newer
    resourceVersion only. Versions are compared as integers, which etcd-backed servers guarantee.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._objects: dict[type[Resource], dict[Key, Resource]] = {kind: {} for kind in WATCHED}
        self._incidents_of: dict[Key, set[str]] = {}
        self._plans_of: dict[Key, set[str]] = {}
        self._deleted: dict[type[Resource], dict[str, int]] = {kind: {} for kind in WATCHED}
        self._listener: Listener = lambda _kind, _key, _obj: None
        self._historian: Historian = lambda _before, _after: None
        self.synced = asyncio.Event()
        """Set once every kind was listed."""

    def on_change(self, listener: Listener) -> None:
        """Call this with (kind, key, object or None) after each change."""
        self._listener = listener

    def on_replacement(self, historian: Historian) -> None:
        """Call this with (before, after) when an object is replaced by a newer version of itself: each is seen once."""
        self._historian = historian

    async def sync(self) -> None:
        """List every kind, so that no decision is made on a half-filled cache; forget what is not listed any more.

        Again later it finds what the watches missed: a relist of theirs tells of no deletion.
        """
        for kind in WATCHED:
            before = {key: obj.metadata.uid for key, obj in self._objects[kind].items()}
            listed, version = await self._list(kind)
            for raw in listed:
                self.put_raw(kind, raw)
            present = {raw["metadata"]["uid"] for raw in listed}
            for key, uid in before.items():
                if uid not in present:
                    self.remove(kind, key, uid, version)
        self.synced.set()

    async def _list(self, kind: type[Resource]) -> tuple[list[dict[str, Any]], int]:
        """All objects as the server sent them, and the version that the list is of."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = await self._client.list_raw(kind, token=token)
            found += page.items
            token = page.token
            if not token:
                return found, int(page.resource_version or 0)

    def get(self, kind: type[R], key: Key) -> R | None:
        return cast("R | None", self._objects[kind].get(key))

    def list_all(self, kind: type[R], namespace: str | None = None) -> list[R]:
        """All objects of the kind, or those of one namespace, sorted by key."""
        found = self._objects[kind]
        keys = sorted(k for k in found if namespace is None or k[0] == namespace)
        return [cast("R", found[k]) for k in keys]

    def incidents_of(self, namespace: str, system: str) -> list[Incident]:
        """The system's incidents, sorted by name. Consultations are none of them."""
        names = self._incidents_of.get((namespace, system), ())
        return [i for i in self._present(Incident, namespace, names) if not i.is_consultation]

    def plans_of(self, namespace: str, incident: str) -> list[RemediationPlan]:
        """The incident's plans, sorted by attempt and name."""
        plans = self._present(RemediationPlan, namespace, self._plans_of.get((namespace, incident), ()))
        return sorted(plans, key=lambda p: (p.spec.attempt, p.metadata.name))

    def _present(self, kind: type[R], namespace: str, names: Iterable[str]) -> list[R]:
        found = (self.get(kind, (namespace, name)) for name in sorted(names))
        return [obj for obj in found if obj is not None]

    def put_raw(self, kind: type[Resource], raw: object) -> None:
        """Take an object from a watch. One that the models do not understand is logged and left out."""
        try:
            self.put(kind, kind.parse(raw))
        except ValidationError as error:
            metadata = raw.get("metadata", {}) if isinstance(raw, dict) else {}
            log.warning(
                "object is not understood and is ignored",
                kind=kind.info.kind,
                name=metadata.get("name"),
                namespace=metadata.get("namespace"),
                problems=error.error_count(),
            )

    def put(self, kind: type[Resource], obj: Resource) -> None:
        """Take an object from a list or from the answer to a write, unless a newer one is known."""
        known = self._objects[kind].get(obj.key)
        version = int(obj.metadata.resource_version or 0)
        is_same = known is not None and known.metadata.uid == obj.metadata.uid
        if known is not None and is_same and version <= int(known.metadata.resource_version or 0):
            return
        if version <= self._deleted[kind].get(obj.metadata.uid, -1):
            return
        self._objects[kind][obj.key] = obj
        self._index(obj)
        if known is not None and is_same:
            self._historian(known, obj)
        self._listener(kind, obj.key, obj)

    def remove(self, kind: type[Resource], key: Key, uid: str, version: int) -> None:
        """Take a deletion from a watch. A namesake that came after it stays."""
        tombstones = self._deleted[kind]
        tombstones[uid] = version
        if len(tombstones) > 1000:
            del tombstones[next(iter(tombstones))]
        known = self._objects[kind].get(key)
        if known is not None and known.metadata.uid == uid:
            del self._objects[kind][key]
            self._listener(kind, key, None)

    def _index(self, obj: Resource) -> None:
        namespace, name = obj.key
        if isinstance(obj, Incident):
            for system in obj.systems:
                self._incidents_of.setdefault((namespace, system), set()).add(name)
        elif isinstance(obj, RemediationPlan):
            self._plans_of.setdefault((namespace, obj.spec.incident_ref), set()).add(name)

    async def create(self, obj: R) -> R:
        """Create it, or return what is there under its name already: names say what an object is about."""
        kind = type(obj)
        try:
            created = await self._client.create(obj)
        except AlreadyExists:
            created = await self._client.get(kind, *obj.key)
        self.put(kind, created)
        return created

    async def delete(self, obj: Resource) -> None:
        """Delete this very object, and no namesake. Raises NotFound. Its watch tells when it is gone."""
        await self._client.delete(type(obj), *obj.key, uid=obj.metadata.uid)

    async def write_status(self, obj: R, status: Model, *, over_metadata: bool = False) -> R:
        """Write what differs from the object's status, if nobody changed the object meanwhile.

        Raises Conflict where somebody did, and NotFound where it is gone; the caller looks again. With
        `over_metadata` a change of the object that left its spec and status alone is no conflict.
        """
        kind = type(obj)
        if not isinstance(status, _STATUS_OF[kind]):
            raise TypeError(f"{type(status).__name__} is not the status of a {kind.info.kind}")
        change = merge_difference(obj.status.to_json(), status.to_json())  # type: ignore[attr-defined]
        if not change:
            return obj
        version = obj.metadata.resource_version
        while True:
            try:
                return await self._patch(obj, {"status": change}, subresource="status", resource_version=version)
            except Conflict:
                newest = await self._client.get(kind, *obj.key)
                self.put(kind, newest)
                if not over_metadata or not _differs_in_metadata_only(obj, newest):
                    raise
                version = newest.metadata.resource_version

    async def _patch(
        self,
        obj: R,
        patch: dict[str, JsonValue],
        *,
        subresource: str | None = None,
        resource_version: str | None = None,
    ) -> R:
        kind = type(obj)
        try:
            written = await self._client.patch(
                kind, *obj.key, patch, subresource=subresource, resource_version=resource_version
            )
        except NotFound:
            self.remove(kind, obj.key, obj.metadata.uid, int(obj.metadata.resource_version or 0))
            raise
        self.put(kind, written)
        return written

    async def annotate(self, obj: R, annotations: dict[str, str | None]) -> R:
        """Set annotations, or remove those that are None, if nobody changed the object meanwhile, else Conflict."""
        patch: dict[str, JsonValue] = {"metadata": {"annotations": dict(annotations)}}
        return await self._patch(obj, patch, resource_version=obj.metadata.resource_version)


def _differs_in_metadata_only(known: Resource, newest: Resource) -> bool:
    """Whether it is the same object, with the same spec and a status that nobody wrote meanwhile.

    The generation tells less: a request to delete raises it too.
    """
    before, now = known.to_json(), newest.to_json()
    same_object = known.metadata.uid == newest.metadata.uid
    return same_object and all(before.get(part) == now.get(part) for part in ("spec", "status"))
