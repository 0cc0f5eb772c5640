"""A typed cache of one kind that follows the API server for as long as it runs, and tells what changed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Generic, NoReturn, TypeVar

import structlog

from incident_crds.base import Resource
from incident_crds.changes import Change, ChangeType, Key, compare
from incident_crds.client import WATCH_IDLE, ApiClient
from incident_crds.errors import (
    ApiError,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotUnderstood,
    ServerUnavailable,
    TooManyRequests,
    Unreachable,
    status_error,
)
from incident_crds.parsing import ends_initial, gc_paused, parse_object

R = TypeVar("R", bound=Resource)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take. Only tests need other values."""

    idle: timedelta = WATCH_IDLE
    """Silence for longer means that the connection is dead: bookmarks come about once a minute."""
    shortest_watch: timedelta = timedelta(seconds=300)
    longest_watch: timedelta = timedelta(seconds=600)
    """The server ends a watch at a random time between the two, so that many watchers do not return at once."""
    first_delay: timedelta = timedelta(milliseconds=500)
    longest_delay: timedelta = timedelta(seconds=30)
    """The wait after a failure doubles from the first to the longest; the real one is half to all of it, at random."""


class Watcher(Generic[R]):
    """Lists, then watches from where the list ended; a lost position means another list and a comparison.

    `on_change` is called with every difference between what it was told before and what is now, in
    order, and once the cache holds it. It must not block. What it raises ends `run`. `streams_lists` is for who starts
    with thousands of objects: the server sends them as events where it can (Kubernetes 1.34), else in pages.
    """

    def __init__(
        self,
        client: ApiClient,
        kind: type[R],
        *,
        on_change: Callable[[Change[R]], None],
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        leave_out: Sequence[str] = (),
        streams_lists: bool = False,
        pace: Pace | None = None,
    ) -> None:
        """`leave_out`: what the cache need not hold, as dotted paths in the API's spelling: `status.evidence`.

        Only what has a default in the model can be left out. An object without it must never be written back whole.
        """
        self._client = client
        self._kind = kind
        self._on_change = on_change
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._leave_out = [tuple(path.split(".")) for path in leave_out]
        self._streams_lists = streams_lists
        self._pace = pace or Pace()
        self._random = random.SystemRandom()
        self._objects: dict[Key, R] = {}
        self._version = ""
        self._failures = 0
        self._last_line: float | None = None
        self._listed = asyncio.Event()
        self.relists_total = 0
        """Lists taken after the first."""
        self.watches_total = 0
        """Watches that the server agreed to."""
        self.problem = ""
        """Why nothing can be followed just now; empty while all is well."""

    @property
    def objects(self) -> Mapping[Key, R]:
        """The cache as of now; ask for it anew each time."""
        return MappingProxyType(self._objects)

    @property
    def synced(self) -> bool:
        """A whole list has been taken: what is not in the cache does not exist."""
        return self._listed.is_set()

    async def wait_synced(self) -> None:
        """Return once the first list is in the cache."""
        await self._listed.wait()

    def last_event_age(self) -> timedelta | None:
        """Time since the server was last heard of, bookmarks included; None before the first list."""
        return None if self._last_line is None else timedelta(seconds=time.monotonic() - self._last_line)

    async def run(self) -> NoReturn:
        """Follow the server until cancelled. Its failures are logged and waited out, never raised."""
        while True:
            heard = self._last_line
            wait = 0.0
            try:
                if not self._version:
                    await self._list()
                    heard = self._last_line  # a list alone is no sign that the watch works
                await self._follow()
                if self._last_line == heard:
                    raise Unreachable("the server ended the watch without a word")
            except (Unreachable, ServerUnavailable, TooManyRequests) as error:
                wait = self._note(error)  # the position is still good, and another list would only add to the load
            except ApiError as error:
                self._version = ""
                wait = self._note(error)
            await asyncio.sleep(wait)

    def _note(self, error: ApiError) -> float:
        """Tell what went wrong, and for how many seconds to wait."""
        self._failures += 1
        first, longest = self._pace.first_delay.total_seconds(), self._pace.longest_delay.total_seconds()
        ceiling = min(longest, first * 2 ** min(self._failures - 1, 16))
        wait = self._random.uniform(ceiling / 2, ceiling)
        if isinstance(error, TooManyRequests):
            wait = max(wait, error.retry_after)
        self.problem = self._explain(error)
        is_usual = isinstance(error, Gone) and self._failures == 1
        tell = log.info if is_usual else log.warning
        tell("watch is interrupted", kind=self._kind.info.kind, reason=self.problem, retry_in=round(wait, 2))
        return wait

    def _explain(self, error: ApiError) -> str:
        resource = f"{self._kind.info.plural}.{self._kind.info.group}".rstrip(".")
        match error:
            case Forbidden():
                where = f"in namespace {self._namespace}" if self._namespace else "in all namespaces"
                return f"the verbs list and watch on {resource} are needed {where}: {error}"
            case NotFound():
                return f"the server does not know {resource}: apply its CustomResourceDefinition ({error})"
            case _:
                return f"{type(error).__name__}: {error}"

    async def _list(self) -> None:
        """Take a whole list aside, then put it in the cache's place and tell what differs."""
        found, version = await self._take_list()
        before, self._objects = self._objects, found
        self._version = version
        if self.synced:
            self.relists_total += 1
        self._hear()
        for change in compare(before, found):
            self._on_change(change)
        self._listed.set()

    async def _take_list(self) -> tuple[dict[Key, R], str]:
        """(objects, version), by the stream where it is wanted and the server can."""
        if self._streams_lists:
            try:
                return await self._stream_list()
            except Invalid as error:
                self._streams_lists = False
                log.info("lists come in pages: the server streams none", kind=self._kind.info.kind, reason=str(error))
        return await self._page_list()

    async def _stream_list(self) -> tuple[dict[Key, R], str]:
        """From the server's cache, each object as soon as it is written: pages come from its store after a quiet while,
        which is several times slower."""
        found: dict[Key, R] = {}
        events = self._client.watch(
            self._kind,
            self._namespace,
            resource_version="",
            timeout_seconds=max(1, round(self._pace.shortest_watch.total_seconds())),
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            idle=self._pace.idle,
            sends_initial=True,
        )
        async with aclosing(events):
            async for event in events:
                raw = event["object"]
                if event["type"] == "ERROR":
                    raise _error_of(raw)
                if ends_initial(event):
                    return found, raw["metadata"]["resourceVersion"]
                obj = self._read(raw) if event["type"] == "ADDED" else None
                if obj is not None:
                    found[obj.key] = obj
        raise Unreachable("the server ended the list before its end")

    async def _page_list(self) -> tuple[dict[Key, R], str]:
        found: dict[Key, R] = {}
        token = ""
        while True:
            page = await self._client.list_raw(
                self._kind,
                self._namespace,
                token=token,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
            )
            with gc_paused():
                for raw in page.items:
                    obj = self._read(raw)
                    if obj is not None:
                        found[obj.key] = obj
            token = page.token
            if not token:
                return found, page.resource_version

    async def _follow(self) -> None:
        """One watch, until the server ends it in good order."""
        shortest, longest = self._pace.shortest_watch, self._pace.longest_watch
        events = self._client.watch(
            self._kind,
            self._namespace,
            resource_version=self._version,
            timeout_seconds=max(1, round(self._random.uniform(shortest.total_seconds(), longest.total_seconds()))),
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            idle=self._pace.idle,
            on_open=self._opened,
        )
        async with aclosing(events):
            async for event in events:
                self._take(event)
                self._hear()
                self._failures = 0  # not before: a server may agree to every watch and break each

    def _opened(self) -> None:
        self.watches_total += 1
        self.problem = ""

    def _hear(self) -> None:
        self._last_line = time.monotonic()

    def _take(self, event: Mapping[str, Any]) -> None:
        raw = event["object"]
        match event.get("type"):
            case "ADDED" | "MODIFIED":
                self._store(raw)
            case "DELETED":
                self._remove(raw)
            case "BOOKMARK":
                pass
            case "ERROR":
                self._version = ""
                raise _error_of(raw)
            case other:
                log.warning("watch event of an unknown type is left out", kind=self._kind.info.kind, type=other)
                return
        self._version = raw["metadata"]["resourceVersion"]

    def _store(self, raw: dict[str, Any]) -> None:
        obj = self._read(raw)
        if obj is None:
            return
        known = self._objects.get(obj.key)
        self._objects[obj.key] = obj
        for change in compare({} if known is None else {obj.key: known}, {obj.key: obj}):
            self._on_change(change)

    def _remove(self, raw: Mapping[str, Any]) -> None:
        metadata = raw["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        known = self._objects.get(key)
        if known is not None and known.metadata.uid == metadata["uid"]:
            del self._objects[key]
            self._on_change(Change(ChangeType.DELETED, known))

    def _read(self, raw: dict[str, Any]) -> R | None:
        """The typed object; the one in the cache where it is of that version, or where the new one makes no sense.

        Of the managed fields only the latest time reaches the cache.
        """
        metadata = raw["metadata"]
        known = self._objects.get((metadata.get("namespace", ""), metadata["name"]))
        if known is not None and known.metadata.uid != metadata["uid"]:
            known = None
        if known is not None and known.metadata.resource_version == metadata["resourceVersion"]:
            return known
        for path in self._leave_out:
            _drop(raw, path)
        try:
            return parse_object(self._kind, raw)
        except NotUnderstood as error:
            log.warning("object is left as it was last understood", reason=str(error), was_known=known is not None)
            return known


def _drop(raw: dict[str, Any], path: Sequence[str]) -> None:
    """Take away the value at the path, where there is one. The object is the watcher's own: nobody else reads it."""
    *parents, last = path
    place: Any = raw
    for name in parents:
        place = place.get(name)
        if not isinstance(place, dict):
            return
    place.pop(last, None)


def _error_of(status: Mapping[str, Any]) -> ApiError:
    """The metav1.Status that a stream carries."""
    return status_error(int(status.get("code") or 500), status.get("reason") or "", status.get("message") or "")
