"""MockSystems: reach them, seed them, watch them, and turn breaches into incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from incident_crds.base import ObjectMeta
from incident_crds.catalogue import SignalName
from incident_crds.errors import ApiError, NotFound
from incident_crds.incident import Incident, IncidentPhase, IncidentSpec
from incident_crds.mocksystem import Breach, Capabilities, MockSystem, MockSystemStatus, SystemPhase
from incident_operator.cluster.store import Key, Store
from incident_operator.domain import health
from incident_operator.domain.breaches import BreachChange, BreachTracker, decide_breach_change
from incident_operator.domain.incidents import assign_incidents, describe_breach
from incident_operator.domain.sample import Sample
from incident_operator.services.catalogue import Faults, Remedies
from incident_operator.services.deployments import APPLY_AGAIN, Deployed, Deployments
from incident_operator.services.entrances import Entrances, facilities
from incident_operator.services.neighbours import incidents_about, is_owned, shared_incident
from incident_operator.services.prober import Prober, Watched
from incident_operator.services.samples import Samples
from incident_operator.targets import open_target
from incident_operator.targets.base import Access, Target
from incident_operator.targets.errors import TargetError

ACCESS_RETRY = timedelta(seconds=5)
POD_RETRY = timedelta(seconds=1)
DETECTOR = "detector"

log = structlog.get_logger(__name__)


class Systems:
    """Owns the status of MockSystems, the prober, and the operator's own connections to them."""

    def __init__(
        self,
        *,
        store: Store,
        entrances: Entrances,
        deployments: Deployments,
        samples: Samples,
        faults: Faults,
        remedies: Remedies,
        prober_factory: Callable[[Callable[[Sample], None]], Prober],
        on_sample: Callable[[Sample], None],
    ) -> None:
        self._store = store
        self._entrances = entrances
        self._deployments = deployments
        self._samples = samples
        self._faults = faults
        self._remedies = remedies
        self._on_sample = on_sample
        self._prober = prober_factory(self.take_sample)
        self._trackers: dict[Key, tuple[str, BreachTracker]] = {}
        self._targets: dict[Key, tuple[Access, Target]] = {}
        self._look_at_secret: dict[Key, datetime] = {}
        self._assigning = asyncio.Lock()

    def start(self) -> None:
        self._prober.start()

    async def stop(self) -> None:
        await self._prober.stop()
        for _, target in self._targets.values():
            await target.close()

    def request_sample(self, key: Key) -> None:
        """Take the system's next sample now."""
        self._prober.request(key)

    def take_sample(self, sample: Sample) -> None:
        """A new sample: remember it and tell whoever waits for it."""
        key = (sample.namespace, sample.system)
        system = self._store.get(MockSystem, key)
        if system is None or system.metadata.uid != sample.uid:
            return
        self._samples.add(sample)
        if system.status.seeded or not sample.reachable:
            # before it holds its ordinary data even a sound system fails its canary
            self._tracker(system).observe(sample, system.spec.health)
        self._on_sample(sample)

    def _tracker(self, system: MockSystem) -> BreachTracker:
        uid, tracker = self._trackers.get(system.key, ("", None))
        if tracker is None or uid != system.metadata.uid:
            tracker = BreachTracker(system.status.breaches)
            self._trackers[system.key] = (system.metadata.uid, tracker)
        return tracker

    async def target(self, key: Key, *, is_open: bool = True) -> Target:
        """The operator's own connection to the system; open, unless `is_open` is false. Raises TargetError, ApiError.

        A system that is down has to be entered from outside: whoever does that needs no open connection.
        """
        system = self._store.get(MockSystem, key)
        if system is None:
            raise NotFound(f"MockSystem {key[1]} is gone")
        access = await self._entrances.access(system)
        known = self._targets.get(key)
        if known is None or known[0] != access:
            if known is not None:
                await known[1].close()
            known = (access, open_target(system.spec.type, access))
            self._targets[key] = known
        if is_open:
            await known[1].open()
        return known[1]

    async def connect(self, key: Key, *, endpoint: str | None = None, is_open: bool = True) -> Target:
        """A connection of the caller's own; to another `endpoint` than the system's where one is given.

        Open, unless `is_open` is false: a system that is down can still be entered from outside.
        Raises TargetError or ApiError.
        """
        system = self._store.get(MockSystem, key)
        if system is None:
            raise NotFound(f"MockSystem {key[1]} is gone")
        access = await self._entrances.access(system)
        target = open_target(system.spec.type, replace(access, endpoint=endpoint or access.endpoint))
        if not is_open:
            return target
        try:
            await target.open()
        except TargetError:
            await target.close()
            raise
        return target

    async def is_destroyed(self, key: Key) -> bool:
        """Whether the operator created it, it is being deleted, and nothing of it runs. False where nobody knows."""
        system = self._store.get(MockSystem, key)
        if system is None or system.spec.deployment is None:
            return False
        try:
            return await self._deployments.is_destroyed(system)
        except ApiError as error:
            log.info("pods cannot be listed", system=key[1], error=str(error))
            return False

    async def target_or_none(self, key: Key) -> Target | None:
        """As `target`, but not open, as an unreachable system has a diagnosis too; None where there is no way in."""
        try:
            return await self.target(key, is_open=False)
        except (ApiError, TargetError) as error:
            log.info("system cannot be read for evidence", system=key[1], error=str(error))
            return None

    async def reconcile(self, key: Key) -> timedelta | None:
        """Create what it consists of, watch it, seed it once, and write down what was measured."""
        system = self._store.get(MockSystem, key)
        if system is None:
            await self._forget(key)
            return None
        look_again, found = None, None
        if system.spec.deployment is not None and system.metadata.deletion_timestamp is None:
            found, problem = await self._deploy(system)
            if problem is not None:
                return await self._unwatch(system, problem, found)
            look_again = APPLY_AGAIN
        known = self._targets.get(key)
        sample = self._samples.latest(key)
        changed = known is None or system.status.observed_generation != system.metadata.generation
        moved = found is not None and known is not None and known[0] != found.access
        if changed or moved or sample is None or self._wants_credentials(key, sample):
            problem = await self._connect(system)
            if problem is not None:
                return await self._unwatch(system, problem, found)
        if sample is None:
            return look_again
        seeded, problem = system.status.seeded, found.problem if found else ""
        if not seeded and sample.reachable:
            try:
                await (await self.target(key)).seed()
                seeded = True
            except TargetError as error:
                problem = f"its ordinary data cannot be written: {error}"
        await self._write(system, sample, seeded=seeded, problem=problem, found=found)
        return look_again

    async def _deploy(self, system: MockSystem) -> tuple[Deployed | None, str | None]:
        """What it consists of, and why it cannot be watched yet, if it cannot.

        A pod that starts for the first time, or as another version, is no outage; one that ran and does not is.
        """
        try:
            found = await self._deployments.reconcile(system)
        except ApiError as error:
            return None, f"what it consists of cannot be looked at: {error}"
        pod = found.workload.status
        has_run = system.status.phase in (SystemPhase.READY, SystemPhase.UNREACHABLE)
        if pod.ready or (has_run and not found.workload.is_rolling_out):
            return found, None
        return found, "; ".join(text for text in (found.problem, f"{pod.reason}: {pod.message}") if text)

    async def _unwatch(self, system: MockSystem, problem: str, found: Deployed | None) -> timedelta:
        """Not measured for now, and why."""
        self._prober.unwatch(system.key)
        self._samples.forget(system.key)  # it says nothing about the system as it is now
        pod = found.workload.status if found else None
        status = health.pending_status(system, problem, pod, now=datetime.now(UTC))
        await self._store.write_status(system, status)
        return ACCESS_RETRY if pod is None else POD_RETRY

    def _wants_credentials(self, key: Key, sample: Sample) -> bool:
        """Whether the system did not take ours, so that the Secret is worth another look, now and then."""
        denied = any(s.health is None and s.name in (SignalName.REACHABLE, SignalName.CANARY) for s in sample.signals)
        now = datetime.now(UTC)
        if not denied or now < self._look_at_secret.get(key, now):
            return False
        self._look_at_secret[key] = now + ACCESS_RETRY
        return True

    async def _connect(self, system: MockSystem) -> str | None:
        """Begin to watch; the reason why that is not possible, or None."""
        try:
            access = await self._entrances.access(system)
        except (ApiError, TargetError) as error:
            return f"its credentials cannot be read: {error}"
        known = self._targets.get(system.key)
        if known is not None and known[0] != access:
            await self._targets.pop(system.key)[1].close()
        self._prober.watch(Watched(system.key, system.metadata.uid, system.spec.type, access, system.spec.health))
        if system.key not in self._targets:
            self._targets[system.key] = (access, open_target(system.spec.type, access))
        return None

    async def _write(
        self, system: MockSystem, sample: Sample, *, seeded: bool, problem: str, found: Deployed | None
    ) -> None:
        change = decide_breach_change(system.status.breaches, self._tracker(system).active, now=datetime.now(UTC))
        # two systems at once would each find that the other has no incident yet
        async with self._assigning if change.started else nullcontext():
            written = await self._record(system, sample, change, seeded=seeded, problem=problem, found=found)
        if seeded and not system.status.seeded:
            log.info("system seeded with ordinary data", system=system.metadata.name)
        await self._open_incidents(written, sample)

    async def _record(
        self,
        system: MockSystem,
        sample: Sample,
        change: BreachChange,
        *,
        seeded: bool,
        problem: str,
        found: Deployed | None,
    ) -> MockSystem:
        """Write down what was measured, and which incident each new breach belongs to."""
        now = datetime.now(UTC)
        incidents = incidents_about(self._store, system)
        breaches = assign_incidents(
            system,
            change,
            incidents,
            is_taken=partial(self._has_incident, system),
            shared=partial(shared_incident, self._store, system, now=now),
            now=now,
        )
        open_names = sorted(
            {i.metadata.name for i in incidents if i.status.phase is not IncidentPhase.RESOLVED}
            | {b.incident for b in breaches if b.signal in change.started and b.incident}
        )
        status = health.measured_status(
            system,
            sample,
            breaches=breaches,
            open_incidents=open_names,
            capabilities=self._capabilities(system),
            seeded=seeded,
            problem=problem,
            pod=found.workload.status if found else None,
            now=now,
        )
        if change.is_empty and not health.is_worth_writing(system, status, now=now):
            status = system.status
        return await self._store.write_status(system, status)

    def _has_incident(self, system: MockSystem, name: str) -> bool:
        return self._store.get(Incident, (system.metadata.namespace, name)) is not None

    async def _open_incidents(self, system: MockSystem, sample: Sample) -> None:
        """Create the incident of each breach on record: the record came first, so a retry makes no second."""
        namespace, name = system.key
        for breach in system.status.breaches:
            if breach.ended_at is not None or not breach.incident:
                continue
            is_there = self._store.get(Incident, (namespace, breach.incident)) is not None
            if is_there or is_owned(self._store, system, breach):
                continue
            title, description = describe_breach(system, breach, sample)
            incident = Incident(
                metadata=ObjectMeta(name=breach.incident, namespace=namespace, labels=health.system_labels(name)),
                spec=IncidentSpec(
                    title=title,
                    description=description,
                    source=name,
                    affected_systems=[name],
                    signal=breach.signal,
                    breach_number=breach.number,
                    team=system.spec.team,
                    generated_by=DETECTOR,
                ),
            )
            await self._store.create(incident)
            log.info("incident opened", incident=breach.incident, signal=breach.signal, health=sample.health)

    def _capabilities(self, system: MockSystem) -> Capabilities:
        return Capabilities(
            faults=self._faults.fitting(system.spec.type, facilities(system)),
            remedies=self._remedies.fitting(system.spec.type, facilities(system)),
        )

    async def _forget(self, key: Key) -> None:
        self._prober.unwatch(key)
        self._samples.forget(key)
        self._trackers.pop(key, None)
        self._look_at_secret.pop(key, None)
        self._deployments.forget(key)
        known = self._targets.pop(key, None)
        if known is not None:
            await known[1].close()


def breach_of(status: MockSystemStatus, incident: str) -> list[Breach]:
    """The breaches that belong to the incident."""
    return [b for b in status.breaches if b.incident == incident]
