"""Follows the one ConfigMap that is the kill switch, with a right to that one and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from incident_api.board.killswitch import KillSwitch, kill_switch_of
from incident_crds.access import KILL_SWITCH
from incident_crds.changes import Change
from incident_crds.client import ApiClient
from incident_crds.configmap import ConfigMap
from incident_crds.watcher import Watcher


class KillSwitchWatch:
    """The state as of now. A board can do without it, so that nothing else waits until it is known."""

    def __init__(self, client: ApiClient, namespace: str, *, on_change: Callable[[KillSwitch], None]) -> None:
        self._key = (namespace, KILL_SWITCH)
        self._on_change = on_change
        self._told: KillSwitch | None = None
        self._changed = asyncio.Event()
        self.watcher = Watcher(
            client,
            ConfigMap,
            namespace=namespace,
            field_selector=f"metadata.name={KILL_SWITCH}",  # a list without it would be of all, which is forbidden
            on_change=self._take,
        )

    @property
    def state(self) -> KillSwitch | None:
        """None while it is not known."""
        return kill_switch_of(self.watcher.objects.get(self._key)) if self.watcher.synced else None

    async def run(self) -> None:
        """Follow it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watcher.run())
            await self.watcher.wait_synced()
            self._tell()  # the first list is empty as a rule, which is no change

    async def wait_for(self, look: Callable[[KillSwitch], bool], timeout: timedelta) -> None:
        """Until the state is such, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout.total_seconds()):
                while (state := self.state) is None or not look(state):
                    self._changed.clear()
                    await self._changed.wait()

    def _take(self, _: Change[ConfigMap]) -> None:
        if self.watcher.synced:
            self._tell()

    def _tell(self) -> None:
        state = self.state
        self._changed.set()
        if state is not None and state != self._told:
            self._told = state
            self._on_change(state)
