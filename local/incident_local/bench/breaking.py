"""Breaks one system for a measurement, as the approver may, and has it undone to the last trace."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from incident_crds.base import ObjectMeta
from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient, load_config
from incident_crds.errors import ApiError, NotFound
from incident_local.approval import APPROVER
from incident_local.drillcommand import running_stack
from incident_local.errors import BenchFailed
from incident_local.identities import NAMESPACE
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.state import StateFolder

Rows = TypeVar("Rows")

_STEP_WITHIN = timedelta(seconds=60)
_POLL_SECONDS = 0.02
_DURATION_SECONDS = 300


class Breaker:
    """Raises BenchFailed where a fault is refused, or a step takes too long."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @asynccontextmanager
    async def broken(
        self, system: str, fault: FaultType, blocks: Mapping[str, Mapping[str, int]]
    ) -> AsyncIterator[ChaosExperiment]:
        """The experiment once it is active; afterwards it is gone, and a scan found nothing of it."""
        experiment = ChaosExperiment.model_validate(
            {
                "spec": {
                    "target": {"systemRef": {"name": system}},
                    "fault": {"type": fault, **blocks},
                    "durationSeconds": _DURATION_SECONDS,
                }
            }
        )
        experiment.metadata = ObjectMeta(name=f"bench-{secrets.token_hex(4)}", namespace=NAMESPACE)
        try:
            await self._client.create(experiment)
            yield await self.reaches(experiment, lambda phase: phase is ExperimentPhase.ACTIVE)
        finally:
            await self._withdraw(experiment)

    async def reaches(
        self, experiment: ChaosExperiment, is_wanted: Callable[[ExperimentPhase], bool]
    ) -> ChaosExperiment:
        """The experiment in a phase that is wanted; a final one that is not ends the wait."""
        kind = experiment.spec.fault.type
        try:
            async with asyncio.timeout(_STEP_WITHIN.total_seconds()):
                while True:
                    now = await self._client.get(ChaosExperiment, *experiment.key)
                    phase = now.status.phase
                    if phase is not None and is_wanted(phase):
                        return now
                    if phase is not None and phase.is_final:
                        raise BenchFailed(
                            f"{kind} ended as {now.status.reason}: {now.status.message}",
                            remedy="the message says what stands against it",
                        )
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise _too_long(f"{kind} did not go on") from None

    async def _withdraw(self, experiment: ChaosExperiment) -> None:
        try:
            async with asyncio.timeout(_STEP_WITHIN.total_seconds()):
                await self._client.delete(ChaosExperiment, *experiment.key)
                while True:
                    await self._client.get(ChaosExperiment, *experiment.key)
                    await asyncio.sleep(_POLL_SECONDS)
        except NotFound:
            return
        except TimeoutError:
            raise _too_long(f"{experiment.spec.fault.type} was not undone") from None


def _too_long(what: str) -> BenchFailed:
    return BenchFailed(f"{what} within {_STEP_WITHIN.total_seconds():g} s", remedy="see the operator's log")


async def measure_on_stack(
    settings: Settings, progress: Progress, measure: Callable[[ApiClient, StateFolder], Awaitable[Rows]]
) -> Rows:
    """What a measurement finds, on the running stack or on one for just this long. Raises BenchFailed."""
    state = StateFolder(settings.state_dir)
    async with (
        running_stack(settings, state, progress) as supervisor,
        ApiClient(load_config(str(state.kubeconfig), APPROVER)) as client,
    ):
        measuring = measure(client, state)
        try:
            return await (supervisor.unless_failed(measuring) if supervisor else measuring)
        except ApiError as error:
            raise BenchFailed(f"The API server stands against it: {error}", remedy="see its log") from error
