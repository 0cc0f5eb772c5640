"""Which drills are told as traces, and when: once they are graded, and again after a restart soon after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import RemediationPlan
from incident_operator.cluster.store import Store
from incident_operator.domain.trace import TraceFacts, build_trace

TOLD_AGAIN_WITHIN = timedelta(minutes=10)
"""The process before may have ended between the grade and the sending. The same ids make it the same trace."""


class Traces:
    """Looks at graded experiments. `send` must not wait."""

    def __init__(self, store: Store, send: Callable[[TraceFacts], None]) -> None:
        self._store = store
        self._send = send
        self._told: set[str] = set()

    def catch_up(self) -> None:
        """After the first lists: what was graded a short while ago."""
        for experiment in self._store.list_all(ChaosExperiment):
            self.look_at(experiment)

    def look_at(self, experiment: ChaosExperiment) -> None:
        """Send its trace if it is graded and was not sent by this process."""
        uid, ended = experiment.metadata.uid, experiment.status.recovered_at
        if experiment.status.grade is None or uid in self._told or not self._store.synced.is_set():
            return
        self._told.add(uid)
        if ended is None or datetime.now(UTC) - ended > TOLD_AGAIN_WITHIN:
            return
        trace = self._build(experiment)
        if trace is not None:
            self._send(trace)

    def _build(self, experiment: ChaosExperiment) -> TraceFacts | None:
        namespace, report = experiment.metadata.namespace, experiment.status.grade
        if report is None:
            return None
        target = next(iter(experiment.status.targets), None)
        system = self._store.get(MockSystem, (namespace, target.system)) if target else None
        return build_trace(
            experiment,
            self._store.get(Incident, (namespace, report.incident.name)),
            self._store.get(RemediationPlan, (namespace, report.plan.name)),
            system.spec.type if system else None,
        )
