"""One kill, from a healthy system to the proof that nothing of it is left; every promise that was broken is named."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, UNDO_FINALIZER
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import ApiError, Conflict, NotFound
from incident_crds.failpoint import Failpoint
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_local.approval import APPROVER
from incident_local.crash.matrix import Kill
from incident_local.crash.operatorrun import OperatorRun
from incident_local.crash.scan import ScanFailed, Scanner, Snapshot
from incident_local.errors import StartFailed
from incident_local.identities import NAMESPACE

T = TypeVar("T")

WITHIN_SECONDS = 60.0
"""Time that each step gets. A healthy machine needs a tenth of it."""
_CLEAN_WITHIN_SECONDS = 20.0
_POLL_SECONDS = 0.1
DEAD_MAN_GRACE_SECONDS = 5.0
"""How long after the experiment's deadline its dead-man must be through."""
_ENDS_BY_HAND = frozenset({Failpoint.RECOVERING, Failpoint.HALF_RECOVERED, Failpoint.RECOVERED})
_RUNNING = frozenset({ExperimentPhase.INJECTING, ExperimentPhase.ACTIVE, ExperimentPhase.RECOVERING})


@dataclass(slots=True)
class Result:
    """What came of one kill."""

    kill: Kill
    outcome: str = ""
    """The phase and the reason that the experiment ended with."""
    misses: list[str] = field(default_factory=list)
    """The promises that were broken; none when it passed."""
    seconds: float = 0.0
    dead_man_seconds: float | None = None
    """From the kill until nothing was left, where nobody came back."""
    promised_seconds: float | None = None
    """By when that had to be."""
    undone_seconds: float | None = None
    """From the next operator's readiness to the experiment's end."""

    @property
    def passed(self) -> bool:
        return not self.misses


class _Missed(Exception):
    """A promise was broken, and nothing more can be tried in this drill."""


class Trials:
    """Runs one kill after the other on one stack."""

    def __init__(
        self, *, admin: ApiClient, sre: ApiClient, operator: OperatorRun, scanner: Scanner, journal: Path
    ) -> None:
        self._admin = admin
        self._sre = sre
        self._operator = operator
        self._scanner = scanner
        self._journal = journal

    async def run(self, kill: Kill, following: Kill | None) -> Result:
        """Try one. The operator that recovers is armed for the following one, where that is on another system."""
        result, started = Result(kill), time.monotonic()
        try:
            await self._try(kill, following, result)
        except (_Missed, StartFailed, ApiError) as miss:
            result.misses.append(str(miss))
        result.seconds = time.monotonic() - started
        return result

    async def _try(self, kill: Kill, following: Kill | None, result: Result) -> None:
        if self._operator.armed != kill.armed or self._operator.ended:
            await self._operator.kill()
            await self._operator.start(kill.armed)
        before = await self._wait_quiet(kill)
        self._journal.unlink(missing_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", f"{kill.name}-{secrets.token_hex(2)}".lower())
        experiment = await self._sre.create(kill.experiment(name, NAMESPACE))
        await self._bring_to_its_end(kill, experiment)
        if kill.point is not Failpoint.BEFORE_RELEASE:
            await self._expect_held(experiment)
        if kill.for_good:
            await self._see_dead_man(experiment, before, result)
        next_armed = following.armed if following and following.system != kill.system else None
        await self._operator.start(next_armed)
        restarted = time.monotonic()
        await self._see_undone(kill, experiment, result)
        result.undone_seconds = time.monotonic() - restarted
        await self._see_settled(kill, result)
        await self._see_clean(before, result)
        self._see_run_once(result)
        await self._see_released(experiment, result)
        await self._forget_incidents()
        if self._operator.ended is not None:
            raise _Missed(f"the operator that recovered {self._operator.ended}")

    async def _until(self, look: Callable[[], Awaitable[T | None]], what: str, seconds: float = WITHIN_SECONDS) -> T:
        """The first result that is not None. Raises _Missed when there is none in time."""
        deadline = time.monotonic() + seconds
        while (found := await look()) is None:
            if time.monotonic() > deadline:
                raise _Missed(f"{what}: not within {seconds:g} s")
            await asyncio.sleep(_POLL_SECONDS)
        return found

    async def _wait_quiet(self, kill: Kill) -> Snapshot:
        """Every system healthy and seeded, no incident open; then what is on them."""

        for left in await self._sre.list_all(ChaosExperiment, NAMESPACE):  # by a kill that was missed
            with suppress(NotFound):
                await self._sre.delete(ChaosExperiment, *left.key)

        async def look() -> Snapshot | None:
            for system in await self._admin.list_all(MockSystem, NAMESPACE):
                status, threshold = system.status, system.spec.health.threshold_percent
                if status.phase is not SystemPhase.READY or not status.seeded or (status.health or 0) < threshold:
                    return None
            if await self._admin.list_all(Incident, NAMESPACE):
                await self._forget_incidents()
                return None
            try:
                return await self._scanner.snapshot()
            except ScanFailed:
                return None

        return await self._until(look, f"healthy systems before {kill.name}")

    async def _bring_to_its_end(self, kill: Kill, experiment: ChaosExperiment) -> None:
        """Go on with the drill as people would, until the operator is dead."""
        if kill.point is None:
            pilot = asyncio.create_task(self._drive(kill, experiment))
            await asyncio.sleep(kill.after)
            await self._operator.kill()
        else:
            pilot = asyncio.create_task(self._drive(kill, experiment))
            if not await self._operator.killed(WITHIN_SECONDS):
                pilot.cancel()
                status = (await self._sre.get(ChaosExperiment, *experiment.key)).status
                await self._sre.delete(ChaosExperiment, *experiment.key)
                raise _Missed(
                    f"the operator never passed {kill.point}; the experiment is {status.phase}: {status.message}"
                )
        pilot.cancel()
        await asyncio.gather(pilot, return_exceptions=True)

    async def _drive(self, kill: Kill, experiment: ChaosExperiment) -> None:
        """End the fault by hand, delete it, or approve its plan: whatever leads to the point."""
        if kill.point is None or kill.point.is_of_plan:
            await self._approve()
        elif kill.point in _ENDS_BY_HAND:
            await self._reaches(experiment, ExperimentPhase.ACTIVE)
            await self._suspend(experiment)
        elif kill.point is Failpoint.BEFORE_RELEASE:
            await self._reaches(experiment, ExperimentPhase.ACTIVE)
            await self._sre.delete(ChaosExperiment, *experiment.key)

    async def _suspend(self, experiment: ChaosExperiment) -> None:
        await self._sre.patch(ChaosExperiment, *experiment.key, {"spec": {"suspend": True}})

    async def _reaches(self, experiment: ChaosExperiment, *phases: ExperimentPhase) -> ChaosExperiment:
        async def look() -> ChaosExperiment | None:
            now = await self._sre.get(ChaosExperiment, *experiment.key)
            return now if now.status.phase in phases else None

        return await self._until(look, f"{experiment.metadata.name} being {' or '.join(phases)}")

    async def _approve(self) -> None:
        """Every plan that awaits it, for as long as this runs."""
        while True:
            for plan in await self._sre.list_all(RemediationPlan, NAMESPACE):
                if (
                    plan.status.phase is PlanPhase.AWAITING_APPROVAL
                    and APPROVE_ANNOTATION not in plan.metadata.annotations
                ):
                    stamp = {APPROVE_ANNOTATION: plan.status.plan_hash, APPROVED_BY_ANNOTATION: APPROVER}
                    await self._sre.patch(RemediationPlan, *plan.key, {"metadata": {"annotations": dict(stamp)}})
            await asyncio.sleep(_POLL_SECONDS)

    async def _expect_held(self, experiment: ChaosExperiment) -> None:
        """While nobody is there to undo it, the object must not be able to go."""
        now = await self._sre.get(ChaosExperiment, *experiment.key)
        if now.status.phase in _RUNNING and UNDO_FINALIZER not in now.metadata.finalizers:
            raise _Missed(f"in phase {now.status.phase} nothing holds the experiment: its finalizer is not there")

    async def _see_dead_man(self, experiment: ChaosExperiment, before: Snapshot, result: Result) -> None:
        """With nobody there, the systems are as they were by the deadline that stands in the status."""
        killed_at, deadline = (
            datetime.now(UTC),
            (await self._sre.get(ChaosExperiment, *experiment.key)).status.deadline_at,
        )
        if deadline is None:
            raise _Missed("the experiment is active and has no deadline")
        promised = (deadline - killed_at).total_seconds() + DEAD_MAN_GRACE_SECONDS

        async def look() -> datetime | None:
            with suppress(ScanFailed):  # such as a system that was stopped
                if not before.differences(await self._scanner.snapshot()):
                    return datetime.now(UTC)
            return None

        result.promised_seconds = promised
        result.dead_man_seconds = (await self._until(look, "the dead-man", promised) - killed_at).total_seconds()

    async def _see_undone(self, kill: Kill, experiment: ChaosExperiment, result: Result) -> None:
        """Ended by the rule that all share: what a dead operator began is undone, and what it had ended stays ended."""

        async def look() -> ChaosExperiment | None:
            now = await self._sre.get(ChaosExperiment, *experiment.key)
            phase = now.status.phase
            if phase is ExperimentPhase.ACTIVE and kill.point in (Failpoint.BEFORE_RECORD, None):
                # nothing was on record, so the next operator began it anew: that is over only when somebody says so
                await self._suspend(experiment)
            return now if phase is not None and phase.is_final else None

        try:
            status = (await self._until(look, "the experiment being over")).status
        except NotFound:
            result.outcome = "gone"
            if kill.point is not Failpoint.BEFORE_RELEASE:
                result.misses.append("the experiment is gone, and nobody deleted it")
            return
        result.outcome = f"{status.phase} ({status.reason})"
        allowed = {"OperatorRestarted"}
        if kill.point is Failpoint.BEFORE_RECORD or kill.point in _ENDS_BY_HAND:
            allowed = {"Suspended"}
        elif kill.point is Failpoint.BEFORE_RELEASE:
            allowed = {"Deleted"}
        elif kill.point is None:
            allowed |= {"Suspended", "HealedByPlan", "HealedBySelf"}
        if status.reason not in allowed:
            result.misses.append(f"it ended as {result.outcome}: {status.message}")
        left = [f"{t.system}: {t.residue} left" for t in status.targets if t.residue not in (0, None)]
        result.misses += left

    async def _see_settled(self, kill: Kill, result: Result) -> None:
        """At most one incident, resolved; and no plan that is neither over nor given up."""

        async def look() -> list[Incident] | None:
            incidents = await self._sre.list_all(Incident, NAMESPACE)
            plans = await self._sre.list_all(RemediationPlan, NAMESPACE)
            over = all(i.status.phase is IncidentPhase.RESOLVED for i in incidents)
            return incidents if over and all(p.status.phase and p.status.phase.is_final for p in plans) else None

        incidents = await self._until(look, "incidents and plans being over")
        if len(incidents) > 1:
            result.misses.append(f"{len(incidents)} incidents: {', '.join(i.metadata.name for i in incidents)}")
        reopened = [i.metadata.name for i in incidents if i.status.occurrences > 1]
        if reopened and kill.point not in (Failpoint.BEFORE_RECORD, None):  # there the fault itself comes twice
            result.misses.append(f"opened twice: {', '.join(reopened)}")

    async def _see_clean(self, before: Snapshot, result: Result) -> None:
        """The systems are as they were; what is on its way out gets a moment."""
        deadline = time.monotonic() + _CLEAN_WITHIN_SECONDS
        while True:
            try:
                different = before.differences(await self._scanner.snapshot())
            except ScanFailed as error:
                different = [str(error)]
            if not different:
                return
            if time.monotonic() > deadline:
                result.misses += different
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _see_run_once(self, result: Result) -> None:
        """By the journal of both operators: an action that was not cut off at its start was run."""
        if not self._journal.exists():
            return
        passed = [json.loads(line) for line in self._journal.read_text().splitlines()]
        runs = Counter(p["note"] for p in passed if p["point"] == Failpoint.ACTION_STARTED and not p["ends"])
        result.misses += [f"{action} was run {count} times" for action, count in runs.items() if count > 1]

    async def _see_released(self, experiment: ChaosExperiment, result: Result) -> None:
        """It can be deleted, at once."""
        try:
            await self._sre.delete(ChaosExperiment, *experiment.key)
        except NotFound:
            return

        async def look() -> bool | None:
            try:
                await self._sre.get(ChaosExperiment, *experiment.key)
            except NotFound:
                return True
            return None

        try:
            await self._until(look, "the finalizer being gone")
        except _Missed as miss:
            result.misses.append(str(miss))

    async def _forget_incidents(self) -> None:
        """So that the next drill starts afresh, and is not a relapse of this one."""
        for incident in await self._admin.list_all(Incident, NAMESPACE):
            try:
                await self._admin.delete(Incident, *incident.key)
            except (NotFound, Conflict):
                continue
