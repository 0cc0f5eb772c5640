"""Events about our objects, posted in the background: the API server may take its time, and nobody waits for it."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from incident_crds.base import Resource, format_time
from incident_crds.client import MERGE_PATCH, ApiClient, raw_path
from incident_crds.errors import AlreadyExists, ApiError

COMPONENT = "incident-operator"
MOST_WAITING = 500
"""Events; the oldest are dropped: what is new says more."""
POST_SECONDS = 10.0
CLOSE_SECONDS = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Event:
    about: Resource
    reason: str
    message: str
    is_warning: bool
    first: str
    last: str
    count: int = 1

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name). The same about the same object has the same name."""
        namespace, name = self.about.key
        said = f"{self.about.metadata.uid}/{self.reason}/{self.message}"
        return namespace, f"{name[:200]}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    def body(self) -> dict[str, Any]:
        namespace, name = self.key
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": self.about.info.api_version,
                "kind": self.about.info.kind,
                "namespace": namespace,
                "name": self.about.metadata.name,
                "uid": self.about.metadata.uid,
            },
            "type": "Warning" if self.is_warning else "Normal",
            "reason": self.reason,
            "message": self.message[:1024],
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": self.first,
            "lastTimestamp": self.last,
            "count": self.count,
        }


class EventRecorder:
    """The same Event again only raises a count: of the one that waits, or of the one that was posted."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._waiting: dict[tuple[str, str], _Event] = {}
        self._news = asyncio.Event()
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def add(self, about: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        """Post it soon. Never waits, never fails."""
        now = f"{format_time(datetime.now(UTC))[:19]}Z"
        event = _Event(about, reason, message, warning, now, now)
        known = self._waiting.get(event.key)
        self._waiting[event.key] = event if known is None else replace(known, last=now, count=known.count + 1)
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._told.clear()
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="events")

    async def close(self) -> None:
        """Post what waits, for as long as a stop may take."""
        if self._task is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._told.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                key = next(iter(self._waiting))
                event = self._waiting[key]
                await self._post(event)
                if self._waiting.get(key) is event:
                    del self._waiting[key]
                elif key in self._waiting:  # it was said again meanwhile: that much is still to be told
                    again = self._waiting[key]
                    self._waiting[key] = replace(again, count=max(1, again.count - event.count))
            self._told.set()

    async def _post(self, event: _Event) -> None:
        collection = raw_path("v1", "events", event.about.metadata.namespace)
        try:
            async with asyncio.timeout(POST_SECONDS):
                try:
                    await self._api.request("POST", collection, body=event.body())
                except AlreadyExists:
                    await self._raise_count(f"{collection}/{event.key[1]}", event)
        except (ApiError, TimeoutError) as error:
            tell = log.info if self._is_failing else log.warning  # one that lasts is said once
            tell("event was not recorded", reason=event.reason, error=str(error) or "it took too long")
            self._is_failing = True
        else:
            self._is_failing = False

    async def _raise_count(self, path: str, event: _Event) -> None:
        known = await self._api.request("GET", path)
        count = {"count": int(known.get("count") or 1) + event.count, "lastTimestamp": event.last}
        await self._api.request("PATCH", path, body=count, content_type=MERGE_PATCH)
