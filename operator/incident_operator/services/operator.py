"""The operator as a whole: what it consists of, who is told of what, and its loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import ApiError
from incident_crds.generator import IncidentGenerator
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator import metrics
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import WATCHED, Key, Store
from incident_operator.cluster.workloads import Workloads
from incident_operator.diagnosis.chain import Diagnoser
from incident_operator.domain.containers import Images
from incident_operator.domain.sample import Sample
from incident_operator.domain.trace import TraceFacts
from incident_operator.services.admission import Admission
from incident_operator.services.announcing import announce_change
from incident_operator.services.catalogue import Faults, Remedies
from incident_operator.services.deployments import Deployments
from incident_operator.services.entrances import Entrances
from incident_operator.services.experiments import Experiments
from incident_operator.services.gauges import Gauges
from incident_operator.services.generators import Generators
from incident_operator.services.grades import Grader
from incident_operator.services.incidents import Incidents
from incident_operator.services.inquiries import Inquiries
from incident_operator.services.investigation import Investigation
from incident_operator.services.ledger import note_change
from incident_operator.services.neighbours import incidents_about
from incident_operator.services.plans import Plans
from incident_operator.services.prober import Prober
from incident_operator.services.samples import Samples
from incident_operator.services.schedules import Schedules
from incident_operator.services.systems import Systems
from incident_operator.services.traces import Traces
from incident_operator.services.undo import Undo
from incident_operator.services.watching import WatchWatch
from incident_operator.services.workqueue import WorkQueue

LAG_INTERVAL = 1.0
KILL_SWITCH_INTERVAL = 10.0
LIST_AGAIN = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Queues:
    """One queue a kind."""

    systems: WorkQueue
    experiments: WorkQueue
    incidents: WorkQueue
    plans: WorkQueue
    generators: WorkQueue

    def by_kind(self) -> dict[str, WorkQueue]:
        return {
            "MockSystem": self.systems,
            "ChaosExperiment": self.experiments,
            "Incident": self.incidents,
            "RemediationPlan": self.plans,
            "IncidentGenerator": self.generators,
        }


class Operator:
    """Wires the services together. Every change and every sample marks whoever may have to act on it."""

    def __init__(
        self,
        *,
        client: ApiClient,
        builtin: Builtin,
        diagnoser: Diagnoser,
        images: Images,
        hold: timedelta,
        send_trace: Callable[[TraceFacts], None] | None = None,
    ) -> None:
        self.store = Store(client)
        self.builtin = builtin
        self.watches = WatchWatch(kind.info.plural for kind in WATCHED)
        faults, remedies, samples = Faults(), Remedies(), Samples()
        deployments = Deployments(Workloads(client), images)
        self.systems = Systems(
            store=self.store,
            entrances=Entrances(builtin, deployments),
            deployments=deployments,
            samples=samples,
            faults=faults,
            remedies=remedies,
            prober_factory=Prober,
            on_sample=self._on_sample,
        )
        self.experiments = self._build_experiments(faults, samples)
        investigation = Investigation(
            store=self.store,
            builtin=builtin,
            systems=self.systems,
            samples=samples,
            remedies=remedies,
            diagnoser=diagnoser,
        )
        self._inquiries = Inquiries(investigation.investigate, on_done=self._investigated)
        incidents = Incidents(
            store=self.store,
            builtin=builtin,
            inquiries=self._inquiries,
            remedies=remedies,
            hold=hold,
        )
        plans = Plans(store=self.store, builtin=builtin, systems=self.systems, samples=samples, remedies=remedies)
        self.queues = Queues(
            systems=WorkQueue("system", self.systems.reconcile),
            experiments=WorkQueue("experiment", self.experiments.reconcile),
            incidents=WorkQueue("incident", incidents.reconcile),
            plans=WorkQueue("plan", plans.reconcile),
            generators=WorkQueue("generator", Generators(store=self.store, writer=diagnoser.writer()).reconcile),
        )
        self._gauges = Gauges(self.store, samples, self.queues.by_kind())
        self._traces = None if send_trace is None else Traces(self.store, send_trace)
        self.store.on_change(self._on_change)
        self.store.on_replacement(self._on_replacement)

    def _build_experiments(self, faults: Faults, samples: Samples) -> Experiments:
        undo = Undo(self.systems, faults)
        return Experiments(
            store=self.store,
            builtin=self.builtin,
            samples=samples,
            faults=faults,
            admission=Admission(store=self.store, builtin=self.builtin, samples=samples, faults=faults, undo=undo),
            undo=undo,
            grader=Grader(store=self.store, undo=undo, faults=faults),
            schedules=Schedules(store=self.store, builtin=self.builtin),
            request_sample=self.systems.request_sample,
        )

    async def run(self) -> None:
        """List everything, then work until cancelled."""
        await self.store.sync()
        if self._traces is not None:
            self._traces.catch_up()
        self.systems.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.queues.systems.run())
                group.create_task(self.queues.experiments.run())
                group.create_task(self.queues.incidents.run())
                group.create_task(self.queues.plans.run())
                group.create_task(self.queues.generators.run())
                group.create_task(self._measure_lag())
                group.create_task(self._watch_kill_switch())
                group.create_task(self._list_again())
        finally:
            await self._inquiries.close()
            await self.experiments.close()
            await self.systems.stop()

    def _on_replacement(self, before: Resource, after: Resource) -> None:
        note_change(before, after)
        announce_change(before, after, self._tell)

    def _tell(self, about: Resource, reason: str, message: str, is_warning: bool) -> None:
        self.builtin.events.add(about, reason, message, warning=is_warning)

    def _investigated(self, incident: Key) -> None:
        self.queues.incidents.mark(incident)

    def _on_change(self, kind: type[Resource], key: Key, obj: Resource | None) -> None:
        if kind is MockSystem:
            self._system_changed(key)
        elif kind is ChaosExperiment:
            self.queues.experiments.mark(key)
            for parent in self.experiments.parents_of(key, obj if isinstance(obj, ChaosExperiment) else None):
                self.queues.experiments.mark(parent)
            if self._traces is not None and isinstance(obj, ChaosExperiment):
                self._traces.look_at(obj)
        elif kind is IncidentGenerator:
            self.queues.generators.mark(key)
        elif kind is RemediationPlan:
            self.queues.plans.mark(key)
            if isinstance(obj, RemediationPlan):
                self.queues.incidents.mark((key[0], obj.spec.incident_ref))
        elif kind is Incident:
            self.queues.incidents.mark(key)
            for plan in self.store.plans_of(*key):
                self.queues.plans.mark(plan.key)
            if isinstance(obj, Incident):
                for name in obj.systems:
                    self._incident_changed((key[0], name))

    def _system_changed(self, key: Key) -> None:
        self.queues.systems.mark(key)
        for incident in self._open_incidents(key):
            self.queues.incidents.mark(incident.key)
            for plan in self.store.plans_of(*incident.key):
                if plan.status.phase is PlanPhase.AWAITING_APPROVAL:  # a changed target makes it void
                    self.queues.plans.mark(plan.key)
        for experiment in self.store.list_all(ChaosExperiment, key[0]):
            if experiment.status.phase in (None, ExperimentPhase.PENDING):
                self.queues.experiments.mark(experiment.key)

    def _incident_changed(self, system: Key) -> None:
        self.queues.systems.mark(system)
        for experiment in self.experiments.breaks(system):
            self.queues.experiments.mark(experiment.key)

    def _open_incidents(self, system: Key) -> list[Incident]:
        """Those that are open, and the resolved ones that a breach of the system may reopen."""
        found = self.store.get(MockSystem, system)
        named = {b.incident for b in found.status.breaches} if found else set()
        return [
            i
            for i in (incidents_about(self.store, found) if found else self.store.incidents_of(*system))
            if i.status.phase is not IncidentPhase.RESOLVED or i.metadata.name in named
        ]

    def _on_sample(self, sample: Sample) -> None:
        metrics.SAMPLES.labels("yes" if sample.reachable else "no").inc()
        key = (sample.namespace, sample.system)
        self.queues.systems.mark(key)
        for experiment in self.experiments.breaks(key):
            self.queues.experiments.mark(experiment.key)
        for incident in self.store.incidents_of(*key):
            if incident.status.phase is IncidentPhase.FIXING:
                for plan in self.store.plans_of(*incident.key):
                    if plan.status.phase is PlanPhase.VERIFYING:
                        self.queues.plans.mark(plan.key)

    async def _list_again(self) -> None:
        """Find what the watches missed, now and then: they tell of no deletion that came between two of them."""
        while True:
            await asyncio.sleep(LIST_AGAIN.total_seconds())
            try:
                await self.store.sync()
            except ApiError as error:
                log.warning("objects could not be listed again", error=str(error))

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_INTERVAL
            await asyncio.sleep(LAG_INTERVAL)
            metrics.LOOP_LAG.observe(max(0.0, loop.time() - due))

    async def _watch_kill_switch(self) -> None:
        """For the metric alone: whoever acts on it asks for it anew."""
        while True:
            try:
                metrics.KILL_SWITCH.set(0 if await self.builtin.kill_switch() is None else 1)
            except ApiError as error:
                log.info("the kill switch cannot be read for the metrics", error=str(error))
            await asyncio.sleep(KILL_SWITCH_INTERVAL)

    def refresh_gauges(self) -> None:
        """Set the gauges from what the API server holds, as of now."""
        self._gauges.refresh()
        self.watches.refresh()
