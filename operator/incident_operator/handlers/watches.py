"""Kopf's watches feed the store; its finalizers hold what must not go before the undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import kopf
from typing_extensions import override

from incident_crds.base import GROUP, UNDO_FINALIZER, VERSION, Resource
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.failpoint import Failpoint
from incident_crds.mocksystem import MockSystem
from incident_operator.cluster.store import WATCHED
from incident_operator.failpoints import reached
from incident_operator.services.operator import Operator

_LOOK_AGAIN_SECONDS, _LATER_SECONDS, _OFTEN = 0.5, 5.0, 20
"""An undo takes a moment; one that takes longer is looked at less often, as Kopf logs each look."""


class StatelessDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing: the services compare what is with what should be, and need no earlier version.

    It spares the copy and the comparison of the whole object that Kopf makes for every event, and
    the annotation that it would write to every object.
    """

    @override
    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        return cast("kopf.BodyEssence", {})

    @override
    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return cast("kopf.BodyEssence", {})

    @override
    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return None


def configure(settings: kopf.OperatorSettings) -> None:
    """Names that must not change once objects carry them, and time limits that fit a drill."""
    settings.persistence.finalizer = UNDO_FINALIZER
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP, v1=False)
    settings.persistence.diffbase_storage = StatelessDiffBase()
    settings.posting.enabled = False  # Events are aggregated and posted by the services
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 1.0
    settings.scanning.disabled = True


def build_registry(operator: Operator, *, login: Callable[..., kopf.ConnectionInfo]) -> kopf.OperatorRegistry:
    """Kopf's handlers for the operator: one a kind, and the two that hold a deletion."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def _configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure(settings)

    kopf.on.login(registry=registry)(login)
    for kind in WATCHED:
        kopf.on.event(GROUP, VERSION, kind.info.plural, registry=registry, id=kind.info.plural)(_feeder(operator, kind))

    @kopf.on.delete(GROUP, VERSION, ChaosExperiment.info.plural, registry=registry)
    async def _undo_before_deletion(
        namespace: str | None, name: str | None, status: kopf.Status, retry: int, **_: Any
    ) -> None:
        key = (namespace or "", name or "")
        operator.queues.experiments.mark(key)
        if not operator.experiments.is_clean(key, phase=status.get("phase")):
            # only a temporary error: anything else would let the object go, and its fault stay
            raise kopf.TemporaryError("the fault is not undone yet", delay=_pause(retry))
        for target in status.get("targets") or ():
            reached(Failpoint.BEFORE_RELEASE, target["system"])

    @kopf.on.delete(GROUP, VERSION, MockSystem.info.plural, registry=registry)
    async def _undo_on_system_before_deletion(namespace: str | None, name: str | None, retry: int, **_: Any) -> None:
        key = (namespace or "", name or "")
        for experiment in operator.experiments.breaks(key):
            operator.queues.experiments.mark(experiment.key)
            raise kopf.TemporaryError("a fault is not undone yet", delay=_pause(retry))

    return registry


def _pause(retry: int) -> float:
    return _LOOK_AGAIN_SECONDS if retry < _OFTEN else _LATER_SECONDS


def _feeder(operator: Operator, kind: type[Resource]) -> Callable[..., Any]:
    async def feed(type: str | None, event: Mapping[str, Any], **_: Any) -> None:
        operator.watches.heard(kind.info.plural)
        raw = event["object"]
        if type == "DELETED":
            metadata = raw["metadata"]
            key = (metadata.get("namespace", ""), metadata["name"])
            operator.store.remove(kind, key, metadata["uid"], int(metadata["resourceVersion"]))
        else:
            operator.store.put_raw(kind, raw)

    return feed
