"""ChaosExperiments: guarded, recorded before injected, always undone, then graded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.base import UNDO_FINALIZER, is_true
from incident_crds.chaosexperiment import (
    ChaosExperiment,
    ChaosExperimentStatus,
    ExperimentPhase,
    Measurement,
    TargetPhase,
    TargetStatus,
)
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.domain.approval import Refusal
from incident_operator.domain.conditions import experiment_conditions
from incident_operator.domain.lifecycle import End, EndReason, decide_end
from incident_operator.domain.naming import fault_tag
from incident_operator.domain.selection import check_place, check_targets, deadline_of, not_ready, select_targets
from incident_operator.faults.base import Fault
from incident_operator.services.catalogue import Faults
from incident_operator.services.grades import Grader
from incident_operator.services.metrics import EXPERIMENTS_ENDED
from incident_operator.services.samples import Samples
from incident_operator.services.systems import Systems
from incident_operator.services.undo import undo_on_target
from incident_operator.targets.errors import TargetError

INJECTION_GRACE = timedelta(seconds=30)
"""Time to inject that the deadline allows for, on top of the duration."""
EFFECT_WITHIN = timedelta(seconds=20)
NOT_READY_RETRY = timedelta(seconds=2)
LOOK_AGAIN = timedelta(seconds=1)

log = structlog.get_logger(__name__)


class Experiments:
    """Owns the status of ChaosExperiments, and is the only one that breaks things."""

    def __init__(
        self,
        *,
        store: Store,
        builtin: Builtin,
        systems: Systems,
        samples: Samples,
        faults: Faults,
        grader: Grader,
    ) -> None:
        self._store = store
        self._builtin = builtin
        self._systems = systems
        self._samples = samples
        self._faults = faults
        self._grader = grader
        self._ours: set[str] = set()

    async def reconcile(self, key: Key) -> timedelta | None:
        """One step of the experiment; the write of each step brings the next."""
        experiment = self._store.get(ChaosExperiment, key)
        if experiment is None:
            return None
        match experiment.status.phase:
            case None | ExperimentPhase.PENDING:
                return await self._begin(experiment)
            case ExperimentPhase.INJECTING | ExperimentPhase.ACTIVE:
                return await self._run(experiment)
            case ExperimentPhase.RECOVERING:
                return await self._recover(experiment)
            case _:
                return await self._grader.grade(experiment)

    async def _write(self, experiment: ChaosExperiment, status: ChaosExperimentStatus) -> ChaosExperiment:
        """The status with the conditions that follow from it."""
        generation = experiment.metadata.generation
        conditions = experiment_conditions(status, generation=generation, now=datetime.now(UTC))
        return await self._store.write_status(experiment, status.model_copy(update={"conditions": conditions}))

    def is_clean(self, key: Key) -> bool:
        """Whether nothing of the experiment can be left on any system, so that it may be let go."""
        experiment = self._store.get(ChaosExperiment, key)
        if experiment is None:
            return True
        phase = experiment.status.phase
        return phase in (None, ExperimentPhase.PENDING) or phase.is_final

    def breaks(self, key: Key) -> list[ChaosExperiment]:
        """The experiments whose fault is, or may be, on the system."""
        namespace, name = key
        return [
            e
            for e in self._store.list_all(ChaosExperiment, namespace)
            if e.status.phase in (ExperimentPhase.INJECTING, ExperimentPhase.ACTIVE, ExperimentPhase.RECOVERING)
            and any(t.system == name for t in e.status.targets)
        ]

    async def _begin(self, experiment: ChaosExperiment) -> timedelta | None:
        if experiment.metadata.deletion_timestamp is not None:
            return None
        if UNDO_FINALIZER not in experiment.metadata.finalizers:
            return None  # injected only once nothing can delete the experiment before its undo
        if experiment.spec.suspend:
            await self._wait(experiment, Refusal("Suspended", "spec.suspend is true"))
            return None
        namespace = experiment.metadata.namespace
        selection = select_targets(experiment.spec.target, self._store.list_all(MockSystem, namespace))
        refusal = check_place(
            experiment,
            namespace_labels=await self._builtin.namespace_labels(namespace),
            halted=await self._builtin.kill_switch(),
        )
        busy = {s.metadata.name for s in selection.systems if self.breaks(s.key)}
        refusal = refusal or selection.refusal or check_targets(experiment, selection.systems, busy_systems=busy)
        fault = self._faults.get(experiment.spec.fault.type)
        refusal = refusal or self._check_parameters(experiment, fault, selection.systems)
        if refusal is not None:
            await self._reject(experiment, refusal)
            return None
        waiting = not_ready(selection.systems)
        if waiting is not None:
            await self._wait(experiment, Refusal("TargetNotReady", waiting))
            return NOT_READY_RETRY
        await self._record(experiment, fault, selection.systems)
        return None

    @staticmethod
    def _check_parameters(experiment: ChaosExperiment, fault: Fault, systems: Sequence[MockSystem]) -> Refusal | None:
        for system in systems:
            problem = fault.parameters_error(experiment.spec.fault, system.spec.health)
            if problem is not None:
                return Refusal("ParametersInvalid", problem)
        return None

    async def _reject(self, experiment: ChaosExperiment, refusal: Refusal) -> None:
        status = experiment.status.model_copy(
            update={
                "phase": ExperimentPhase.REJECTED,
                "reason": refusal.reason,
                "message": refusal.message,
                "observed_generation": experiment.metadata.generation,
            }
        )
        written = await self._write(experiment, status)
        log.info("experiment rejected", reason=refusal.reason, message=refusal.message)
        EXPERIMENTS_ENDED.labels(experiment.spec.fault.type.value, "Rejected").inc()
        await self._builtin.record_event(written, refusal.reason, refusal.message, warning=True)

    async def _wait(self, experiment: ChaosExperiment, why: Refusal) -> None:
        status = experiment.status.model_copy(
            update={"phase": ExperimentPhase.PENDING, "reason": why.reason, "message": why.message}
        )
        await self._write(experiment, status)

    async def _record(self, experiment: ChaosExperiment, fault: Fault, systems: Sequence[MockSystem]) -> None:
        """Write how all of it is undone, before any of it is done."""
        now = datetime.now(UTC)
        targets: list[TargetStatus] = []
        baseline: list[Measurement] = []
        for system in systems:
            target = await self._systems.target(system.key)  # opened now: it stays usable when the system is full
            undo = fault.undo_record(fault_tag(experiment.metadata.uid, system.metadata.uid), experiment.spec.fault)
            undo = undo.model_copy(update={"details": {**undo.details, "ordinary": await target.count_ordinary()}})
            targets.append(TargetStatus(system=system.metadata.name, uid=system.metadata.uid, undo=undo))
            baseline += self._measure(system)
        status = ChaosExperimentStatus(
            phase=ExperimentPhase.INJECTING,
            reason="Injecting",
            message="how it is undone is on record; the fault is being injected",
            systems=", ".join(t.system for t in targets)[:4096],
            targets=targets,
            baseline=baseline,
            started_at=now,
            deadline_at=deadline_of(experiment, now=now, grace=INJECTION_GRACE),
            observed_generation=experiment.metadata.generation,
        )
        if experiment.spec.dry_run:
            text = f"would break {', '.join(t.system for t in targets)}; nothing was changed"
            status = status.model_copy(update={"phase": ExperimentPhase.RECOVERED, "reason": "DryRun", "message": text})
        else:
            self._ours.add(experiment.metadata.uid)
        await self._write(experiment, status)

    def _measure(self, system: MockSystem, *, since: datetime | None = None) -> list[Measurement]:
        """The system's latest signals, or those below the threshold in a sample taken after `since`."""
        sample = self._samples.latest(system.key)
        if sample is None or (since is not None and sample.at < since):
            return []
        limit = system.spec.health.threshold_percent if since else 101
        return [
            Measurement(system=system.metadata.name, signal=s.name, health=s.health, at=sample.at)
            for s in sample.signals
            if s.health is None or s.health < limit
        ]

    async def _run(self, experiment: ChaosExperiment) -> timedelta | None:
        """Inject what is not injected, notice its effect, and end it when it is time."""
        now = datetime.now(UTC)
        incidents = self._incidents_of(experiment)
        halted = await self._builtin.kill_switch()
        effect_seen = bool(experiment.status.observed_effect)
        injected_at = experiment.status.injected_at
        end = decide_end(
            experiment,
            incidents,
            is_ours=experiment.metadata.uid in self._ours,
            targets_deleted=any(self._is_replaced(experiment, t) for t in experiment.status.targets),
            plan_running=any(self._plan_runs(i) for i in incidents),
            halted=halted,
            effect_overdue=not effect_seen and injected_at is not None and now - injected_at > EFFECT_WITHIN,
            now=now,
        )
        if end is not None:
            await self._end(experiment, end, incidents)
            return None
        if experiment.status.phase is ExperimentPhase.INJECTING:
            await self._inject(experiment)
            return None
        await self._note_progress(experiment, incidents, effect_seen=effect_seen)
        return LOOK_AGAIN

    def _incidents_of(self, experiment: ChaosExperiment) -> list[Incident]:
        """Incidents on its targets that began after it did."""
        started = experiment.status.started_at
        namespace = experiment.metadata.namespace
        found: dict[str, Incident] = {}
        for target in experiment.status.targets:
            for incident in self._store.incidents_of(namespace, target.system):
                began = incident.status.timestamps.breached_at
                if started is not None and began is not None and began >= started:
                    found[incident.metadata.name] = incident
        return sorted(found.values(), key=lambda i: i.status.number)

    def _is_replaced(self, experiment: ChaosExperiment, target: TargetStatus) -> bool:
        system = self._store.get(MockSystem, (experiment.metadata.namespace, target.system))
        return system is None or system.metadata.uid != target.uid or system.metadata.deletion_timestamp is not None

    def _plan_runs(self, incident: Incident) -> bool:
        plans = self._store.plans_of(*incident.key)
        return any(p.status.phase is not None and p.status.phase.is_running for p in plans)

    async def _inject(self, experiment: ChaosExperiment) -> None:
        fault = self._faults.get(experiment.spec.fault.type)
        deadline = experiment.status.deadline_at or datetime.now(UTC)
        try:
            for target in experiment.status.targets:
                system = await self._systems.target((experiment.metadata.namespace, target.system))
                if target.undo is not None:  # without a record nothing may be injected
                    lifetime = deadline - datetime.now(UTC)
                    await fault.inject(system, experiment.spec.fault, target.undo, lifetime)
        except TargetError as error:
            await self._end(experiment, End(EndReason.INJECTION_FAILED, str(error)), [])
            return
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

    async def _note_progress(
        self, experiment: ChaosExperiment, incidents: Sequence[Incident], *, effect_seen: bool
    ) -> None:
        """Write down the measured effect and the incidents, once there are any."""
        update: dict[str, object] = {"incidents": [i.metadata.name for i in incidents]}
        if not effect_seen:
            moved: list[Measurement] = []
            for target in experiment.status.targets:
                system = self._store.get(MockSystem, (experiment.metadata.namespace, target.system))
                if system is not None:
                    moved += self._measure(system, since=experiment.status.started_at)
            known = [m for m in moved if m.health is not None]
            if known:
                update["observed_effect"] = known
        await self._write(experiment, experiment.status.model_copy(update=update))

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
        """Remove all that carries the tag, and prove it. Repeats until it is proven."""
        fault = self._faults.get(experiment.spec.fault.type)
        targets = [await undo_on_target(self._systems, experiment, fault, t) for t in experiment.status.targets]
        now = datetime.now(UTC)
        left = [t for t in targets if t.phase is not TargetPhase.RECOVERED]
        if left:
            written = await self._write(experiment, experiment.status.model_copy(update={"targets": targets}))
            if is_true(written.status.conditions, "Stalled"):
                text = "; ".join(f"{t.system}: {t.last_error}" for t in left)
                await self._builtin.record_event(experiment, "Stalled", f"the undo fails: {text}", warning=True)
            return timedelta(seconds=min(30.0, 0.5 * 2 ** min(6, max(t.attempts for t in left))))
        reason = EndReason(experiment.status.reason)
        text = "nothing that carries its tag is left"
        status = experiment.status.model_copy(
            update={
                "phase": reason.final_phase,
                "targets": targets,
                "recovered_at": now,
            }
        )
        written = await self._write(experiment, status)
        self._ours.discard(experiment.metadata.uid)
        EXPERIMENTS_ENDED.labels(experiment.spec.fault.type.value, reason.final_phase.value).inc()
        log.info("fault undone", phase=reason.final_phase, reason=reason)
        await self._builtin.record_event(written, reason.value, f"{experiment.status.message}; {text}")
        return None
