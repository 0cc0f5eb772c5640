"""Whether an experiment may begin, and the record of its undo, which comes before anything else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incident_crds.catalogue import FaultType, SignalName
from incident_crds.chaosexperiment import (
    ChaosExperiment,
    ChaosExperimentStatus,
    ExperimentPhase,
    TargetStatus,
    UndoRecord,
)
from incident_crds.errors import NotFound
from incident_crds.mocksystem import MockSystem
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.domain.approval import Refusal
from incident_operator.domain.measuring import measure_baseline
from incident_operator.domain.naming import fault_tag
from incident_operator.domain.selection import (
    check_hold,
    check_place,
    check_targets,
    deadline_of,
    not_ready,
    not_steady,
    select_targets,
)
from incident_operator.faults.base import Fault
from incident_operator.services.catalogue import Faults
from incident_operator.services.samples import Samples
from incident_operator.services.undo import Undo
from incident_operator.targets.errors import AccessDenied, Refused, TargetError

NOT_READY_RETRY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The status to write: the undo record, a refusal, or why to wait; and when to look again."""

    status: ChaosExperimentStatus
    look_again: timedelta | None = None


class Admission:
    """Looks at the place, the targets and the parameters; opens the connections that the undo will need."""

    def __init__(self, *, store: Store, builtin: Builtin, samples: Samples, faults: Faults, undo: Undo) -> None:
        self._store = store
        self._builtin = builtin
        self._samples = samples
        self._faults = faults
        self._undo = undo

    async def admit(self, experiment: ChaosExperiment, faults_on: Callable[[Key], Collection[FaultType]]) -> Admitted:
        """Decide on it as it is now. `faults_on` tells which faults of others are on a system."""
        held = check_hold(experiment, halted=await self._builtin.kill_switch())
        if held is not None:
            return self._wait(experiment, held)
        namespace = experiment.metadata.namespace
        selection = select_targets(experiment.spec.target, self._store.list_all(MockSystem, namespace))
        fault = self._faults.get(experiment.spec.fault.type)
        refusal = (
            check_place(experiment, namespace_labels=await self._builtin.namespace_labels(namespace))
            or selection.refusal
            or check_targets(
                experiment,
                selection.systems,
                faults_on={s.metadata.name: faults_on(s.key) for s in selection.systems},
            )
            or _check_parameters(experiment, fault, selection.systems)
        )
        if refusal is not None:
            return Admitted(_with(experiment, ExperimentPhase.REJECTED, refusal))
        waiting = not_ready(selection.systems)
        if waiting is not None:
            denied = self._denied(selection.systems)
            if denied is not None:
                return Admitted(_with(experiment, ExperimentPhase.REJECTED, _access_denied(denied)))
            return self._wait(experiment, Refusal("TargetNotReady", waiting))
        unsteady = not_steady(experiment, selection.systems, fault.signal)
        if unsteady is not None:
            return self._wait(experiment, Refusal("TargetNotSteady", unsteady))
        try:
            return Admitted(await self._record(experiment, fault, selection.systems))
        except AccessDenied as error:
            return Admitted(_with(experiment, ExperimentPhase.REJECTED, _access_denied(str(error))))
        except (TargetError, NotFound) as error:
            return self._wait(experiment, Refusal("TargetNotReady", str(error)))

    def _denied(self, systems: Sequence[MockSystem]) -> str | None:
        """What a system that does not take our credentials says: waiting would not change that."""
        for system in systems:
            sample = self._samples.latest(system.key)
            for signal in sample.signals if sample else ():
                if signal.name is SignalName.REACHABLE and signal.health is None:
                    return signal.message
        return None

    @staticmethod
    def _wait(experiment: ChaosExperiment, why: Refusal) -> Admitted:
        return Admitted(_with(experiment, ExperimentPhase.PENDING, why), NOT_READY_RETRY)

    async def _record(
        self, experiment: ChaosExperiment, fault: Fault, systems: Sequence[MockSystem]
    ) -> ChaosExperimentStatus:
        """How all of it is undone, before any of it is done."""
        names = [system.metadata.name for system in systems]
        if experiment.spec.dry_run:
            return await self._rehearse(experiment, fault, systems)
        targets: list[TargetStatus] = []
        for system in systems:
            record = _undo_record(experiment, fault, system)
            record = await self._undo.prepare(experiment, system.metadata.name, record)
            targets.append(_pinned(system).model_copy(update={"undo": record}))
        now = datetime.now(UTC)
        samples = [self._samples.latest(system.key) for system in systems]
        return ChaosExperimentStatus(
            phase=ExperimentPhase.INJECTING,
            reason="Injecting",
            message="how it is undone is on record; the fault is being injected",
            systems=", ".join(names),
            targets=targets,
            baseline=measure_baseline(samples),
            started_at=now,
            deadline_at=deadline_of(experiment, now=now),
            observed_generation=experiment.metadata.generation,
        )

    async def _rehearse(
        self, experiment: ChaosExperiment, fault: Fault, systems: Sequence[MockSystem]
    ) -> ChaosExperimentStatus:
        """Everything is read, nothing is written but this status."""
        names = [system.metadata.name for system in systems]
        phase, reason = ExperimentPhase.RECOVERED, "DryRun"
        would: list[str] = []
        try:
            for system in systems:
                record = _undo_record(experiment, fault, system)
                does = await self._undo.rehearse(experiment, system.metadata.name, record)
                would.append(f"{system.metadata.name}: {does}")
        except Refused as error:  # as the injection would be
            phase, reason = ExperimentPhase.FAILED, "DryRunFailed"
            would.append(f"it would fail: {error}")
        text = f"{'. '.join(would)}. Nothing was changed"
        return _with(experiment, phase, Refusal(reason, text)).model_copy(
            update={
                "systems": ", ".join(names),
                "targets": [_pinned(system) for system in systems],
                "baseline": measure_baseline([self._samples.latest(system.key) for system in systems]),
            }
        )


def _access_denied(message: str) -> Refusal:
    return Refusal("AccessDenied", f"{message}; correct it, then create the experiment anew")


def _undo_record(experiment: ChaosExperiment, fault: Fault, system: MockSystem) -> UndoRecord:
    tag = fault_tag(experiment.metadata.uid, system.metadata.uid)
    return fault.undo_record(tag, experiment.spec.fault, system.spec.health)


def _pinned(system: MockSystem) -> TargetStatus:
    return TargetStatus(system=system.metadata.name, uid=system.metadata.uid)


def _check_parameters(experiment: ChaosExperiment, fault: Fault, systems: Collection[MockSystem]) -> Refusal | None:
    for system in systems:
        problem = fault.parameters_error(experiment.spec.fault, system.spec.health)
        if problem is not None:
            return Refusal("ParametersInvalid", problem)
    return None


def _with(experiment: ChaosExperiment, phase: ExperimentPhase, why: Refusal) -> ChaosExperimentStatus:
    return experiment.status.model_copy(
        update={
            "phase": phase,
            "reason": why.reason,
            "message": why.message[:4096],
            "observed_generation": experiment.metadata.generation,
        }
    )
