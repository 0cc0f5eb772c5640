"""Undoes faults: over connections that were opened before them, and with a scan that proves it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from incident_crds.chaosexperiment import ChaosExperiment, TargetPhase, TargetStatus, UndoRecord
from incident_crds.errors import ApiError, NotFound
from incident_operator.cluster.store import Key
from incident_operator.domain.lifecycle import is_left_to_dead_man
from incident_operator.failpoints import on_system
from incident_operator.faults.base import Fault
from incident_operator.services.catalogue import Faults
from incident_operator.services.systems import Systems
from incident_operator.targets.base import Target
from incident_operator.targets.errors import AccessDenied, CredentialsGone, TargetError

ENDPOINT = "endpoint"
ORDINARY = "ordinary"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    """A connection to one target of an experiment, and all that is needed to undo the fault there."""

    experiment: Key
    fault: Fault
    record: UndoRecord
    target: Target


class Undo:
    """Holds a connection to each target of an active fault.

    It stays usable when the fault exhausts the server, when the Secret is gone before the experiment,
    and when the MockSystem is pointed elsewhere: what was broken is what has to be mended.
    """

    def __init__(self, systems: Systems, faults: Faults) -> None:
        self._systems = systems
        self._faults = faults
        self._held: dict[tuple[str, str], _Held] = {}

    async def prepare(self, experiment: ChaosExperiment, system: str, record: UndoRecord) -> UndoRecord:
        """Open the connection, and complete the record with what was there before. Raises TargetError or ApiError."""
        held = self._held.get((experiment.metadata.uid, system))  # from a try whose record could not be written
        if held is not None:
            await held.target.close()
        target = await self._systems.connect((experiment.metadata.namespace, system))
        self._hold(experiment, system, record, target)
        details = {**record.details, ORDINARY: await target.count_ordinary()}
        if target.access.pod is None:  # else its address is ours to know
            details[ENDPOINT] = target.access.endpoint
        return record.model_copy(update={"details": details})

    async def rehearse(self, experiment: ChaosExperiment, system: str, record: UndoRecord) -> str:
        """For a dry run: all that is read before and for an injection, over a connection that is closed again.

        Raises TargetError or ApiError.
        """
        fault = self._faults.get(experiment.spec.fault.type)
        target = await self._systems.connect((experiment.metadata.namespace, system))
        try:
            ordinary = await target.count_ordinary()
            return f"{await fault.rehearse(target, experiment.spec.fault, record)}; it holds {ordinary} ordinary items"
        finally:
            await target.close()

    async def reach(self, experiment: ChaosExperiment, target: TargetStatus) -> Target:
        """The held connection, or after a restart a new one to where the fault was injected.

        Raises NotFound where the system is gone, other ApiErrors and TargetError where it cannot be entered.
        """
        held = self._held.get((experiment.metadata.uid, target.system))
        is_inside = self._faults.get(experiment.spec.fault.type).needs is None
        if held is not None:
            try:
                if is_inside:
                    await held.target.open()
            except AccessDenied:
                await held.target.close()  # its password was changed meanwhile
            else:
                return held.target
        record = target.undo or UndoRecord(tag="")
        endpoint = record.details.get(ENDPOINT)
        key = (experiment.metadata.namespace, target.system)
        found = await self._systems.connect(
            key, endpoint=endpoint if isinstance(endpoint, str) else None, is_open=is_inside
        )
        self._hold(experiment, target.system, record, found)
        return found

    def _hold(self, experiment: ChaosExperiment, system: str, record: UndoRecord, target: Target) -> None:
        fault = self._faults.get(experiment.spec.fault.type)
        self._held[experiment.metadata.uid, system] = _Held(experiment.key, fault, record, target)

    async def undo(self, experiment: ChaosExperiment) -> list[TargetStatus]:
        """What became of each target. One that hangs keeps no other waiting. Repeatable."""
        return list(await asyncio.gather(*(self._undo_one(experiment, t) for t in experiment.status.targets)))

    async def _undo_one(self, experiment: ChaosExperiment, target: TargetStatus) -> TargetStatus:
        """Recovered once a scan found nothing with the tag, or why not yet."""
        if target.phase is TargetPhase.RECOVERED or target.undo is None:
            return target
        fault = self._faults.get(experiment.spec.fault.type)
        now = datetime.now(UTC)
        gone = {"phase": TargetPhase.RECOVERED, "recovered_at": now, "residue": 0}
        try:
            system = await self.reach(experiment, target)
            with on_system(target.system):
                await fault.recover(system, target.undo)
            residue = await fault.residue(system, target.undo)
        except NotFound:
            return target.model_copy(update={**gone, "last_error": "the system is gone, and the fault with it"})
        except (ApiError, TargetError) as error:
            if await self._systems.is_destroyed((experiment.metadata.namespace, target.system)):
                return target.model_copy(update={**gone, "last_error": "the system is gone, and the fault with it"})
            if isinstance(error, CredentialsGone) and is_left_to_dead_man(experiment, now=now):
                text = (
                    f"not verified, as nobody can look any more: {error}. Left to its dead-man: {target.undo.dead_man}"
                )
                return target.model_copy(update={**gone, "residue": None, "last_error": text})
            if isinstance(error, AccessDenied):
                await self._drop(experiment, target.system)  # the next try reads the Secret again
            return target.model_copy(update={"attempts": target.attempts + 1, "last_error": str(error)[:4096]})
        if residue:
            text = f"{residue} things that carry its tag are still there"
            return target.model_copy(update={"attempts": target.attempts + 1, "residue": residue, "last_error": text})
        return target.model_copy(update={**gone, "attempts": target.attempts + 1, "last_error": ""})

    async def _drop(self, experiment: ChaosExperiment, system: str) -> None:
        held = self._held.pop((experiment.metadata.uid, system), None)
        if held is not None:
            await held.target.close()

    async def scan(self, experiment: ChaosExperiment, target: TargetStatus) -> tuple[int, int]:
        """(things with the fault's tag, ordinary things lost). A system that is gone has neither.

        Raises ApiError or TargetError where nobody can look.
        """
        if target.undo is None:
            return 0, 0
        try:
            system = await self.reach(experiment, target)
        except NotFound:
            return 0, 0
        residue = await self._faults.get(experiment.spec.fault.type).residue(system, target.undo)
        before = target.undo.details.get(ORDINARY)
        lost = max(0, before - await system.count_ordinary()) if isinstance(before, int) else 0
        return residue, lost

    async def forget(self, experiment: ChaosExperiment) -> None:
        """Close what is held for an experiment that is over."""
        for name in [n for n in self._held if n[0] == experiment.metadata.uid]:
            await self._held.pop(name).target.close()

    async def undo_abandoned(self, key: Key) -> None:
        """Clean up after an experiment that is gone and did not end: somebody took its finalizer away."""
        for name, held in [(n, h) for n, h in self._held.items() if h.experiment == key]:
            log.warning("experiment went before its end; its target is cleaned", experiment=key[1], system=name[1])
            await held.fault.recover(held.target, held.record)
            del self._held[name]
            await held.target.close()

    async def close(self) -> None:
        """Close every connection; the faults' dead-men are on their own then."""
        for held in self._held.values():
            await held.target.close()
        self._held.clear()
