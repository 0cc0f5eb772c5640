"""A watcher that runs and keeps what it told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from incident_crds.base import Resource
from incident_crds.changes import Change
from incident_crds.client import ApiClient
from incident_crds.incident import Incident
from incident_crds.watcher import Pace, Watcher

FAST = Pace(
    idle=timedelta(milliseconds=300), first_delay=timedelta(milliseconds=5), longest_delay=timedelta(milliseconds=10)
)


class Follower:
    """A running watcher and what it told."""

    def __init__(self, client: ApiClient, kind: type[Resource] = Incident, **options: Any) -> None:
        self.told: list[str] = []
        self.watcher: Watcher[Any] = Watcher(client, kind, on_change=self._tell, **options)

    def _tell(self, change: Change[Any]) -> None:
        self.told.append(f"{change.type} {change.obj.metadata.name} {change.obj.metadata.resource_version}")

    @property
    def names(self) -> list[str]:
        return sorted(name for _, name in self.watcher.objects)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Watcher[Any]]:
        task = asyncio.create_task(self.watcher.run())
        try:
            yield self.watcher
            assert not task.done() or task.exception() is None
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
