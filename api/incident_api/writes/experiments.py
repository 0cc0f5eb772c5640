"""Experiments: made from a scenario or a spec, and stopped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.board import Board
from incident_api.board.cards import Card
from incident_api.board.projection import experiment_view
from incident_api.board.scope import Topic
from incident_api.board.words import ExperimentStatusName
from incident_api.cluster.actors import Actors
from incident_api.cluster.mirror import Mirror
from incident_api.writes.answers import Outcome
from incident_crds.base import ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ChaosExperimentSpec, ExperimentPhase

_RUNNING = frozenset({ExperimentStatusName.PENDING, ExperimentStatusName.INJECTING, ExperimentStatusName.ACTIVE})
_STARTED = (ExperimentPhase.INJECTING, ExperimentPhase.ACTIVE)


class Experiments:
    """Each method acts in the viewer's name. Raises ApiError."""

    def __init__(self, *, actors: Actors, mirror: Mirror, board: Board, reply: timedelta) -> None:
        self._actors = actors
        self._mirror = mirror
        self._board = board
        self._reply = reply

    async def create(
        self, viewer: Viewer, namespace: str, spec: ChaosExperimentSpec, *, name: str, labels: dict[str, str]
    ) -> Outcome:
        """A new experiment; its name begins with `name`."""
        metadata = ObjectMeta(generate_name=f"{name}-", namespace=namespace, labels=labels)
        experiment = ChaosExperiment(metadata=metadata, spec=spec)
        created = await self._actors.acting_as(viewer.token).create(experiment)
        return _outcome(await self._mirror.wait_seen(created))

    async def abort(self, viewer: Viewer, card: Card) -> Outcome:
        """End the fault and undo it. An experiment that is over stays as it is."""
        key = (card.namespace, card.name)
        now = self._mirror.experiments.objects.get(key)
        if now is not None and now.status.phase is not None and now.status.phase.is_final:
            return _outcome(now)
        client = self._actors.acting_as(viewer.token)
        patch: dict[str, JsonValue] = {"metadata": {"uid": card.id}, "spec": {"suspend": True}}
        written = await client.patch(ChaosExperiment, *key, patch)

        def look() -> ChaosExperiment | None:
            found = self._mirror.experiments.objects.get(key)
            return found if found is not None and found.spec.suspend and found.status.phase not in _STARTED else None

        found = await self._mirror.wait_for(ChaosExperiment, key, look, self._reply)
        return _outcome(found or written, is_done=found is not None)

    async def abort_all(self, viewer: Viewer, cards: Iterable[Card]) -> list[str]:
        """Those of them that are not over, one after the other; returns their names."""
        running = [card for card in cards if card.facets.status in _RUNNING]
        for card in running:
            await self.abort(viewer, card)
        return [card.name for card in running]

    def cards(self, namespace: str) -> list[Card]:
        """The experiments of a namespace."""
        return [card for card in self._board.cards(Topic.EXPERIMENT) if card.namespace == namespace]


def _outcome(experiment: ChaosExperiment, *, is_done: bool = True) -> Outcome:
    view = experiment_view(experiment)
    return Outcome(view.model_dump_json().encode(), experiment.metadata.resource_version, is_done)
