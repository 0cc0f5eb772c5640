"""Injects a fault into all targets of an experiment, unless it has to end before that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.errors import ApiError, NotFound
from incident_operator.cluster.store import Key
from incident_operator.domain.lifecycle import End, EndReason
from incident_operator.failpoints import on_system
from incident_operator.services.catalogue import Faults
from incident_operator.services.undo import Undo
from incident_operator.targets.errors import TargetError

LOOK_UP = timedelta(seconds=0.5)
"""How often an injection that takes long is looked up from."""


class Injection:
    """Needs the undo's connections: what is injected over them is undone over them."""

    def __init__(self, *, faults: Faults, undo: Undo, request_sample: Callable[[Key], None]) -> None:
        self._faults = faults
        self._undo = undo
        self._request_sample = request_sample

    async def inject(self, experiment: ChaosExperiment, decide_end: Callable[[], Awaitable[End | None]]) -> End | None:
        """None once the fault is in effect everywhere, else why it has to be undone. Nothing goes on afterwards."""
        injection = asyncio.create_task(self._inject_everywhere(experiment), name="injection")
        try:
            while not (await asyncio.wait({injection}, timeout=LOOK_UP.total_seconds()))[0]:
                with suppress(ApiError):  # a server that does not answer for once is no reason to begin anew
                    end = await decide_end()
                    if end is not None:
                        return end
        finally:
            injection.cancel()
            await asyncio.wait({injection})
        try:
            await injection
        except (TargetError, NotFound) as error:
            return End(EndReason.INJECTION_FAILED, str(error))
        return None

    async def _inject_everywhere(self, experiment: ChaosExperiment) -> None:
        fault = self._faults.get(experiment.spec.fault.type)
        deadline = experiment.status.deadline_at or datetime.now(UTC)
        for target in experiment.status.targets:
            if target.undo is not None:  # without a record nothing may be injected
                system = await self._undo.reach(experiment, target)
                lifetime = deadline - datetime.now(UTC)
                with on_system(target.system):
                    await fault.inject(system, experiment.spec.fault, target.undo, lifetime)
                self._request_sample((experiment.metadata.namespace, target.system))  # harm may pass quickly
