"""ChaosExperiments: guarded, recorded before injected, always undone, then graded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.base import UNDO_FINALIZER, is_true
from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import (
    ChaosExperiment,
    ChaosExperimentStatus,
    ExperimentPhase,
    TargetPhase,
    TargetStatus,
)
from incident_crds.errors import ApiError
from incident_crds.failpoint import Failpoint
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.domain.conditions import experiment_conditions
from incident_operator.domain.lifecycle import End, EndReason, decide_end, is_harm_since, undo_pause
from incident_operator.domain.measuring import MOST_MEASUREMENTS, effect_due, measure_effect
from incident_operator.failpoints import reached
from incident_operator.services.admission import Admission
from incident_operator.services.catalogue import Faults
from incident_operator.services.grades import Grader
from incident_operator.services.injection import Injection
from incident_operator.services.samples import Samples
from incident_operator.services.schedules import Schedules
from incident_operator.services.undo import Undo
from incident_operator.targets.errors import TargetError

LOOK_AGAIN = timedelta(seconds=1)
MOST_INCIDENTS = 32

CLEAN_PHASES = frozenset(p for p in ExperimentPhase if not p.is_on_systems)

log = structlog.get_logger(__name__)


class Experiments:
    """Owns the status of ChaosExperiments, and is the only one that breaks things."""

    def __init__(
        self,
        *,
        store: Store,
        builtin: Builtin,
        samples: Samples,
        faults: Faults,
        admission: Admission,
        undo: Undo,
        grader: Grader,
        schedules: Schedules,
        request_sample: Callable[[Key], None],
    ) -> None:
        self._store = store
        self._builtin = builtin
        self._samples = samples
        self._faults = faults
        self._admission = admission
        self._undo = undo
        self._grader = grader
        self._schedules = schedules
        self._injection = Injection(faults=faults, undo=undo, request_sample=request_sample)
        self._ours: set[str] = set()
        self._beginning = asyncio.Lock()
        self._undo_after: dict[str, datetime] = {}

    async def reconcile(self, key: Key) -> timedelta | None:
        """One step of the experiment; the write of each step brings the next."""
        experiment = self._store.get(ChaosExperiment, key)
        if experiment is None:
            await self._undo.undo_abandoned(key)
            return None
        if experiment.spec.schedule is not None:
            return await self._schedules.reconcile(experiment)
        match experiment.status.phase:
            case None | ExperimentPhase.PENDING:
                return await self._begin(experiment)
            case ExperimentPhase.INJECTING | ExperimentPhase.ACTIVE:
                return await self._run(experiment)
            case ExperimentPhase.RECOVERING:
                return await self._recover(experiment)
            case _:
                return await self._finish(experiment)

    async def close(self) -> None:
        await self._undo.close()

    async def _write(
        self, experiment: ChaosExperiment, status: ChaosExperimentStatus, *, over_metadata: bool = False
    ) -> ChaosExperiment:
        """The status with the conditions that follow from it."""
        generation = experiment.metadata.generation
        conditions = experiment_conditions(status, generation=generation, now=datetime.now(UTC))
        status = status.model_copy(update={"conditions": conditions})
        return await self._store.write_status(experiment, status, over_metadata=over_metadata)

    def is_clean(self, key: Key, *, phase: str | None) -> bool:
        """Whether nothing of the experiment can be left on any system, so that it may be let go.

        `phase` is what the API server says, for an experiment that this operator does not understand.
        """
        experiment = self._store.get(ChaosExperiment, key)
        known = experiment.status.phase if experiment else phase
        return known in (None, *CLEAN_PHASES)

    def breaks(self, key: Key) -> list[ChaosExperiment]:
        """The experiments whose fault is, or may be, on the system."""
        namespace, name = key
        return [
            e
            for e in self._store.list_all(ChaosExperiment, namespace)
            if e.status.phase is not None
            and e.status.phase.is_on_systems
            and any(t.system == name for t in e.status.targets)
        ]

    def _faults_on(self, key: Key) -> set[FaultType]:
        return {e.spec.fault.type for e in self.breaks(key)}

    def parents_of(self, key: Key, experiment: ChaosExperiment | None) -> list[Key]:
        """The schedules that have to know of a change of the experiment; all of its namespace where it is gone."""
        if experiment is not None:
            return [(key[0], owner["name"]) for owner in experiment.metadata.owner_references if "name" in owner]
        found = self._store.list_all(ChaosExperiment, key[0])
        return [e.key for e in found if e.status.phase is ExperimentPhase.SCHEDULED]

    async def _begin(self, experiment: ChaosExperiment) -> timedelta | None:
        if experiment.metadata.deletion_timestamp is not None:
            return None
        if UNDO_FINALIZER not in experiment.metadata.finalizers:
            return None  # injected only once nothing can delete the experiment before its undo
        async with self._beginning:  # two at once would both find their system free
            admitted = await self._admission.admit(experiment, self._faults_on)
            status = admitted.status
            if status.phase is ExperimentPhase.INJECTING:
                self._ours.add(experiment.metadata.uid)
                _reached(Failpoint.BEFORE_RECORD, status)
            written = await self._write(experiment, status)
        if status.phase is ExperimentPhase.REJECTED:
            log.info("experiment rejected", reason=status.reason, message=status.message)
            await self._builtin.record_event(written, status.reason, status.message, warning=True)
        _reached(Failpoint.RECORDED, status)
        return admitted.look_again

    async def _run(self, experiment: ChaosExperiment) -> timedelta | None:
        """Inject what is not injected, notice its effect, and end it when it is time."""
        incidents = self._incidents_of(experiment)
        end = await self._decide_end(experiment, incidents)
        if end is not None:
            await self._end(experiment, end, incidents)
            return None
        if experiment.status.phase is ExperimentPhase.INJECTING:
            await self._inject(experiment)
            return None
        await self._note_progress(experiment, incidents)
        await self._keep(experiment)
        _reached(Failpoint.ACTIVE, experiment.status)
        return LOOK_AGAIN

    async def _decide_end(self, experiment: ChaosExperiment, incidents: Sequence[Incident]) -> End | None:
        now = datetime.now(UTC)
        return decide_end(
            experiment,
            incidents,
            is_ours=experiment.metadata.uid in self._ours,
            targets_deleted=any(self._is_replaced(experiment, t) for t in experiment.status.targets),
            plan_running=any(self._plan_runs(i) for i in incidents),
            halted=await self._builtin.kill_switch(),
            effect_overdue=self._is_effect_overdue(experiment, now=now),
            now=now,
        )

    async def _keep(self, experiment: ChaosExperiment) -> None:
        """A system that cannot be reached now is looked at again next time."""
        fault, deadline = self._faults.get(experiment.spec.fault.type), experiment.status.deadline_at
        for target in experiment.status.targets:
            if target.undo is not None and deadline is not None:
                with suppress(TargetError, ApiError):
                    system = await self._undo.reach(experiment, target)
                    await fault.keep(system, target.undo, deadline - datetime.now(UTC))

    def _incidents_of(self, experiment: ChaosExperiment) -> list[Incident]:
        """Those that are about harm which its targets took since it began."""
        started = experiment.status.started_at
        if started is None:
            return []
        found = {
            incident.metadata.name: incident
            for system in self._systems_of(experiment)
            for incident in self._store.incidents_of(*system.key)
            if is_harm_since(started, incident, system)
        }
        return sorted(found.values(), key=lambda i: i.status.number)

    def _is_replaced(self, experiment: ChaosExperiment, target: TargetStatus) -> bool:
        system = self._store.get(MockSystem, (experiment.metadata.namespace, target.system))
        return system is None or system.metadata.uid != target.uid or system.metadata.deletion_timestamp is not None

    def _plan_runs(self, incident: Incident) -> bool:
        plans = self._store.plans_of(*incident.key)
        return any(p.status.phase is not None and p.status.phase.is_running for p in plans)

    async def _inject(self, experiment: ChaosExperiment) -> None:
        def newest() -> ChaosExperiment:
            return self._store.get(ChaosExperiment, experiment.key) or experiment

        end = await self._injection.inject(
            experiment, lambda: self._decide_end(newest(), self._incidents_of(experiment))
        )
        if end is not None:
            await self._end(newest(), end, [])
            return
        _reached(Failpoint.INJECTED, experiment.status)
        deadline = experiment.status.deadline_at or datetime.now(UTC)
        now = datetime.now(UTC)
        duration = timedelta(seconds=experiment.spec.duration_seconds)
        text = f"{experiment.spec.fault.type} is in effect"
        status = experiment.status.model_copy(
            update={
                "phase": ExperimentPhase.ACTIVE,
                "reason": "Active",
                "message": text,
                "injected_at": now,
                "expires_at": min(now + duration, deadline),
                "targets": [
                    t.model_copy(update={"phase": TargetPhase.ACTIVE, "injected_at": now})
                    for t in experiment.status.targets
                ],
            }
        )
        await self._write(experiment, status)
        log.info("fault injected", fault=experiment.spec.fault.type)

    def _systems_of(self, experiment: ChaosExperiment) -> list[MockSystem]:
        keys = [(experiment.metadata.namespace, target.system) for target in experiment.status.targets]
        return [system for key in keys if (system := self._store.get(MockSystem, key)) is not None]

    def _is_effect_overdue(self, experiment: ChaosExperiment, *, now: datetime) -> bool:
        status = experiment.status
        if status.observed_effect or status.injected_at is None:
            return False
        return now - status.injected_at > effect_due([s.spec.health for s in self._systems_of(experiment)])

    async def _note_progress(self, experiment: ChaosExperiment, incidents: Sequence[Incident]) -> None:
        """Write down the measured effect and the incidents, once there are any."""
        status = experiment.status
        names = [i.metadata.name for i in incidents][:MOST_INCIDENTS]
        update: dict[str, object] = {"incidents": names}
        if not status.observed_effect and status.started_at is not None:
            update["observed_effect"] = [
                measured
                for system in self._systems_of(experiment)
                for measured in measure_effect(
                    self._samples.latest(system.key), system.spec.health, since=status.started_at
                )
            ][:MOST_MEASUREMENTS]
        await self._write(experiment, status.model_copy(update=update))

    async def _end(self, experiment: ChaosExperiment, end: End, incidents: Sequence[Incident]) -> None:
        names = [i.metadata.name for i in incidents] or experiment.status.incidents
        status = experiment.status.model_copy(
            update={
                "phase": ExperimentPhase.RECOVERING,
                "reason": end.reason.value,
                "message": end.message,
                "healed_by": end.reason.healed_by,
                "incidents": names,
            }
        )
        await self._write(experiment, status)
        log.info("fault ends", reason=end.reason, message=end.message)

    async def _recover(self, experiment: ChaosExperiment) -> timedelta | None:
        """Remove all that carries the tag, and prove it. Repeats, with growing pauses, until it is proven."""
        uid, now = experiment.metadata.uid, datetime.now(UTC)
        pause = self._undo_after.get(uid, now) - now
        if pause > timedelta(0):
            return pause  # whatever marked it meanwhile: our own writes, samples, the handler of its deletion
        was_stalled = is_true(experiment.status.conditions, "Stalled")
        _reached(Failpoint.RECOVERING, experiment.status)
        targets = await self._undo.undo(experiment)
        left = [t for t in targets if t.phase is not TargetPhase.RECOVERED]
        if left:
            pause = undo_pause(max(t.attempts for t in left))
            self._undo_after[uid] = datetime.now(UTC) + pause
            status = experiment.status.model_copy(update={"targets": targets})
            written = await self._write(experiment, status, over_metadata=True)
            if is_true(written.status.conditions, "Stalled") and not was_stalled:
                text = "; ".join(f"{t.system}: {t.last_error}" for t in left)
                await self._builtin.record_event(experiment, "Stalled", f"the undo fails: {text}", warning=True)
            return pause
        _reached(Failpoint.RECOVERED, experiment.status)
        reason = EndReason(experiment.status.reason)
        status = experiment.status.model_copy(
            update={"phase": reason.final_phase, "targets": targets, "recovered_at": datetime.now(UTC)}
        )
        written = await self._write(experiment, status, over_metadata=True)
        self._undo_after.pop(uid, None)
        self._ours.discard(uid)
        if experiment.metadata.deletion_timestamp is not None:
            await self._undo.forget(experiment)  # it goes at once, and is not graded
        unseen = [f"{t.system}: {t.last_error}" for t in targets if t.residue is None and t.undo is not None]
        left_over = "; ".join(unseen) or "nothing that carries its tag is left"
        text = f"{experiment.status.message}; {left_over}"
        log.info("fault undone", phase=reason.final_phase, reason=reason, left="; ".join(unseen))
        await self._builtin.record_event(written, reason.value, text, warning=bool(unseen))
        return None

    async def _finish(self, experiment: ChaosExperiment) -> timedelta | None:
        """Grade what is over, then let go of its connections."""
        look_again = await self._grader.grade(experiment)
        if look_again is None:
            await self._undo.forget(experiment)
        return look_again


def _reached(point: Failpoint, status: ChaosExperimentStatus) -> None:
    for target in status.targets:
        reached(point, target.system)
