"""What an API server does with objects and their versions, in memory, and how each object went from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from pydantic import JsonValue

from incident_crds.base import Resource
from incident_crds.errors import AlreadyExists, Conflict, NotFound, ServerUnavailable

R = TypeVar("R", bound=Resource)
Observer = Callable[[Resource | None, Resource], None]


class MemoryApi:
    """The part of ApiClient that the store uses. Observers see each object before and after every write."""

    def __init__(self, observer: Observer) -> None:
        self._objects: dict[type[Resource], dict[tuple[str, str], Resource]] = {}
        self._observer = observer
        self._version = 0
        self.fails_after: int | None = None
        """So many writes are taken, and then the process that writes is cut off from the server."""

    def all(self, kind: type[R]) -> list[R]:
        """Sorted by key."""
        return [cast("R", obj) for _, obj in sorted(self._objects.get(kind, {}).items(), key=lambda item: item[0])]

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        return self._found(kind, namespace, name)

    async def create(self, obj: R) -> R:
        self._count_write()
        if obj.key in self._objects.get(type(obj), {}):
            raise AlreadyExists(f"{obj.metadata.name} exists")
        return self._store(type(obj), None, obj.to_json())

    async def patch(
        self,
        kind: type[R],
        namespace: str,
        name: str,
        patch: Mapping[str, JsonValue],
        *,
        subresource: str | None = None,
        resource_version: str | None = None,
    ) -> R:
        self._count_write()
        return self.write(kind, namespace, name, patch, subresource=subresource, resource_version=resource_version)

    def write(
        self,
        kind: type[R],
        namespace: str,
        name: str,
        patch: Mapping[str, JsonValue],
        *,
        subresource: str | None = None,
        resource_version: str | None = None,
    ) -> R:
        """As somebody else than the process under test."""
        old = self._found(kind, namespace, name)
        if resource_version is not None and resource_version != old.metadata.resource_version:
            raise Conflict(f"{name} was changed meanwhile")
        part = {k: v for k, v in patch.items() if (k == "status") == (subresource == "status")}
        return self._store(kind, old, _merged(old.to_json(), part))

    def _found(self, kind: type[R], namespace: str, name: str) -> R:
        try:
            return cast("R", self._objects[kind][namespace, name])
        except KeyError:
            raise NotFound(f"{name} is gone") from None

    def _count_write(self) -> None:
        if self.fails_after is None:
            return
        if self.fails_after <= 0:
            raise ServerUnavailable("cut off by the test")
        self.fails_after -= 1

    def _store(self, kind: type[R], old: R | None, raw: dict[str, Any]) -> R:
        self._version += 1
        raw["metadata"]["resourceVersion"] = str(self._version)
        made = kind.parse(raw)
        self._objects.setdefault(kind, {})[made.key] = made
        self._observer(old, made)
        return made


def _merged(old: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
