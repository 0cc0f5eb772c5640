"""Experiments with a schedule: each firing makes a child experiment, and old children go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.errors import NotFound
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.domain.approval import Refusal
from incident_operator.domain.scheduling import (
    Skip,
    Turn,
    build_child,
    check_schedule,
    decide_turn,
    is_child_of,
    scheduled_status,
)

LOOK_AGAIN = timedelta(seconds=30)
"""At the latest: the clock of a machine that slept, or that was set, runs otherwise than a timer."""

log = structlog.get_logger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Schedules:
    """Writes the status of experiments with a schedule. It injects nothing: its children are experiments like any."""

    def __init__(self, *, store: Store, builtin: Builtin, now: Callable[[], datetime] = _utc_now) -> None:
        self._store = store
        self._builtin = builtin
        self._now = now

    async def reconcile(self, parent: ChaosExperiment) -> timedelta | None:
        """Make what is due, or note why not; returns when to look again."""
        if parent.metadata.deletion_timestamp is not None or parent.status.phase is ExperimentPhase.REJECTED:
            return None
        now = self._now()
        refusal = check_schedule(parent, now=now)
        if refusal is not None:
            await self._reject(parent, refusal)
            return None
        turn = decide_turn(parent, self._children(parent), halted=await self._builtin.kill_switch(), now=now)
        made = ""
        if turn.fire_at is not None:
            # before the status: after a crash in between, the same firing finds the same child
            child = await self._store.create(build_child(parent, turn.fire_at))
            if is_child_of(child, parent):
                made = child.metadata.name
            else:
                text = f"an experiment {child.metadata.name} is there already, and is none of this schedule's"
                turn = Turn(turn.next_fire_at, skip=Skip(turn.fire_at, Refusal("NameTaken", text)))
        await self._store.write_status(parent, scheduled_status(parent, turn, made=made))
        await self._tell(parent, turn, made)
        for old in turn.finished:
            await self._let_go(old)
        if turn.next_fire_at is None:
            return LOOK_AGAIN
        return min(LOOK_AGAIN, turn.next_fire_at - self._now())

    def _children(self, parent: ChaosExperiment) -> list[ChaosExperiment]:
        found = self._store.list_all(ChaosExperiment, parent.metadata.namespace)
        return [child for child in found if is_child_of(child, parent)]

    async def _reject(self, parent: ChaosExperiment, why: Refusal) -> None:
        update = {
            "phase": ExperimentPhase.REJECTED,
            "reason": why.reason,
            "message": why.message[:4096],
            "observed_generation": parent.metadata.generation,
        }
        await self._store.write_status(parent, parent.status.model_copy(update=update))
        log.info("schedule rejected", reason=why.reason, message=why.message)
        await self._builtin.record_event(parent, why.reason, why.message, warning=True)

    async def _tell(self, parent: ChaosExperiment, turn: Turn, made: str) -> None:
        if made:
            log.info("schedule fired", child=made)
            await self._builtin.record_event(parent, "Fired", f"made {made}")
        elif turn.skip is not None:
            why = turn.skip.why
            log.info("firing skipped", reason=why.reason, message=why.message)
            if parent.spec.suspend:
                return  # whoever suspended it knows, and it may be so for months
            await self._builtin.record_event(parent, "FiringSkipped", f"{why.reason}: {why.message}", warning=True)

    async def _let_go(self, child: ChaosExperiment) -> None:
        try:
            await self._store.delete(child)
        except NotFound:
            return  # somebody was quicker
        log.info("finished child let go", child=child.metadata.name)
