"""How well Kopf's watches do, told from what they ask of the API server and from the events that they bring."""

from __future__ import annotations

import time
from collections.abc import Iterable

from incident_crds.apicalls import ApiCall
from incident_crds.base import GROUP
from incident_operator import metrics


class WatchWatch:
    """Counts lists and watches after the first of each resource, and remembers when each was last heard of."""

    def __init__(self, resources: Iterable[str]) -> None:
        self._heard: dict[str, float | None] = dict.fromkeys(resources)
        self._begun: set[tuple[str, str]] = set()

    def take(self, call: ApiCall) -> None:
        """A request of Kopf's."""
        metrics.count_api_call(call)
        if call.group != GROUP or call.resource not in self._heard or call.code != "200":
            return
        counter = {"list": metrics.WATCH_RELISTS, "watch": metrics.WATCH_RESTARTS}.get(call.verb)
        if counter is None:
            return
        if (call.verb, call.resource) in self._begun:
            counter.labels(call.resource).inc()
        self._begun.add((call.verb, call.resource))
        self.heard(call.resource)

    def heard(self, resource: str) -> None:
        """An event came."""
        self._heard[resource] = time.monotonic()

    def refresh(self) -> None:
        """Set the gauge; a watch that was never begun has none."""
        for resource, at in self._heard.items():
            if at is not None:
                metrics.WATCH_AGE.labels(resource).set(time.monotonic() - at)
