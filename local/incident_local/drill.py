"""Runs one drill against a running stack, tells what happens as it happens, and brings back the grade."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import itemgetter

from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.client import ApiClient
from incident_crds.errors import ApiError, Forbidden, Invalid, NotFound
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_crds.remediationplan import RemediationPlan
from incident_crds.report import DrillReport
from incident_local.approval import Approver
from incident_local.errors import DrillFailed
from incident_local.follow import follow
from incident_local.identities import NAMESPACE
from incident_local.narration import Fact, Narrator, experiment_facts, incident_facts, plan_facts
from incident_local.progress import Progress

READY_WITHIN = timedelta(seconds=60)
UNDO_WITHIN = timedelta(seconds=90)
POLL_SECONDS = 0.2


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Drill:
    """One run, and the latest of every object that may be part of it."""

    experiment: ChaosExperiment
    system: str
    started_at: datetime
    settled: frozenset[str]
    """uids of the incidents that were resolved at the start; one of them is part of the run once it is reopened."""
    incidents: dict[str, Incident] = field(default_factory=dict)
    plans: dict[str, RemediationPlan] = field(default_factory=dict)

    def note(self, changed: Resource) -> None:
        """Keep it. Incident and plan come by watches of their own, so a plan may be seen before its incident."""
        match changed:
            case ChaosExperiment() if changed.metadata.uid == self.experiment.metadata.uid:
                self.experiment = changed
            case Incident() if self.system in changed.systems and not changed.is_consultation:
                over = changed.status.phase is IncidentPhase.RESOLVED
                if changed.metadata.name in self.incidents or not (over and changed.metadata.uid in self.settled):
                    self.incidents[changed.metadata.name] = changed
            case RemediationPlan():
                self.plans[changed.metadata.name] = changed
            case _:
                return

    @property
    def since(self) -> datetime:
        """The start as the API server would write it, in whole seconds."""
        return self.started_at.replace(microsecond=0)

    def own_plans(self) -> list[RemediationPlan]:
        """Plans made for its incidents since the start, oldest attempt first. Creation times are whole seconds."""
        own = [
            plan
            for plan in self.plans.values()
            if plan.spec.incident_ref in self.incidents
            and plan.metadata.creation_timestamp is not None
            and plan.metadata.creation_timestamp >= self.since
        ]
        return sorted(own, key=lambda plan: (plan.spec.attempt, plan.metadata.name))

    def facts(self) -> Iterator[Fact]:
        """What happened since the start: a reopened incident still tells of the runs before."""
        told = chain.from_iterable(
            [
                experiment_facts(self.experiment),
                *(incident_facts(incident) for incident in self.incidents.values()),
                *(plan_facts(plan) for plan in self.own_plans()),
            ]
        )
        return (fact for fact in told if fact.at is None or fact.at >= self.started_at)

    def outcome(self) -> DrillReport | None:
        """The grade once it is there. Raises DrillFailed when there will be none."""
        name, status = self.experiment.metadata.name, self.experiment.status
        if status.phase is ExperimentPhase.REJECTED:
            raise DrillFailed(
                f"{name} was rejected: {status.reason}: {status.message}",
                remedy="the message says what stands against it",
            )
        return status.grade

    def escalation(self) -> str | None:
        """Why a person has to go on since the start, or None where the drill goes on by itself."""
        for incident in self.incidents.values():
            if incident.status.phase is IncidentPhase.RESOLVED:
                continue
            for condition in incident.status.conditions:
                is_new = condition.last_transition_time >= self.since
                if condition.type == "Escalated" and condition.status == "True" and is_new:
                    return f"{incident.status.number} was escalated: {condition.message}"
        return None


class _GivenUp(Exception):
    """Nobody who takes part in the drill can bring it further; the message says why."""


class DrillRunner:
    """Speaks to the API server as the approver only: what it shows is what any user can see."""

    def __init__(
        self,
        client: ApiClient,
        approver: Approver,
        progress: Progress,
        *,
        timeout: timedelta,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._client = client
        self._approver = approver
        self._progress = progress
        self._timeout = timeout
        self._now = now

    async def run(self, scenario: ChaosExperiment) -> DrillReport:
        """Raises DrillFailed when it was refused or took too long. The fault never outlives the call."""
        name = scenario.metadata.name
        system = scenario.spec.target.system_ref.name if scenario.spec.target.system_ref else ""
        await self._wait_ready(system)
        settled = await self._settled_incidents()
        experiment = scenario.model_copy(deep=True)
        # The name is ours, so that it can be withdrawn also where the answer to its creation never came.
        experiment.metadata.name = f"{name[:200]}-{secrets.token_hex(3)}"
        experiment.metadata.namespace = NAMESPACE
        drill = _Drill(experiment, system, self._now(), settled)
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                drill.experiment = await self._create(experiment)
                self._progress.line(f"\n{name}: experiment {experiment.metadata.name}", "bold")
                return await self._observe(drill)
        except TimeoutError:
            await self._withdraw(drill.experiment)
            raise DrillFailed(
                f"{name} was not graded within {self._timeout.total_seconds():g} s; its fault was withdrawn",
                remedy="see the lines above for the step that is missing, and the operator's log for why",
            ) from None
        except _GivenUp as why:
            await self._withdraw(drill.experiment)
            raise DrillFailed(
                f"{name} ended without a grade: {why}; its fault was withdrawn",
                remedy="to heal it by hand and be graded, run it with --approve wait",
            ) from None
        except (asyncio.CancelledError, ApiError):
            await self._withdraw(drill.experiment)
            raise

    async def _create(self, experiment: ChaosExperiment) -> ChaosExperiment:
        try:
            return await self._client.create(experiment)
        except (Invalid, Forbidden) as error:
            raise DrillFailed(
                f"{experiment.metadata.name} was refused: {error}", remedy="correct the scenario"
            ) from error

    async def _wait_ready(self, name: str) -> None:
        """The system must be probed and healthy, or its damage could not be told from what was there before."""
        system = None
        try:
            async with asyncio.timeout(READY_WITHIN.total_seconds()):
                while not (system and _is_healthy(system)):
                    system = await self._client.get(MockSystem, NAMESPACE, name)
                    await asyncio.sleep(0 if _is_healthy(system) else POLL_SECONDS)
        except NotFound:
            raise DrillFailed(f"There is no system {name}", remedy="see `kubectl get msys`") from None
        except TimeoutError:
            found = f"phase {system.status.phase}, health {system.status.health}" if system else "no answer"
            raise DrillFailed(
                f"{name} was not healthy within {READY_WITHIN.total_seconds():g} s: {found}",
                remedy=f"see `kubectl describe msys {name}`, and the operator's log",
            ) from None

    async def _settled_incidents(self) -> frozenset[str]:
        incidents = await self._client.list_all(Incident, NAMESPACE)
        return frozenset(i.metadata.uid for i in incidents if i.status.phase is IncidentPhase.RESOLVED)

    async def _observe(self, drill: _Drill) -> DrillReport:
        queue: asyncio.Queue[Resource | ApiError] = asyncio.Queue()
        narrator = Narrator()
        pumps = [
            asyncio.create_task(_pump(self._client, kind, queue), name=f"follow {kind.info.plural}")
            for kind in (ChaosExperiment, Incident, RemediationPlan)
        ]
        try:
            while True:
                changed = await queue.get()
                if isinstance(changed, ApiError):
                    raise changed
                drill.note(changed)
                self._tell(drill, narrator.news(drill.facts()))
                for plan in drill.own_plans():
                    await self._approver.consider(plan)
                if report := drill.outcome():
                    return report
                if not self._approver.waits and (why := drill.escalation()):
                    raise _GivenUp(why)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def _tell(self, drill: _Drill, facts: list[Fact]) -> None:
        now = self._now()
        for at, text in sorted(((fact.at or now, fact.text) for fact in facts), key=itemgetter(0)):
            self._progress.line(f"  {(at - drill.started_at).total_seconds():7.2f} s  {text}")

    async def _withdraw(self, experiment: ChaosExperiment) -> None:
        """Delete it and wait for the finalizer: what the operator cannot undo now, the dead-man ends later."""
        name = experiment.metadata.name
        self._progress.line(f"  withdrawing {name} and waiting until its fault is undone")
        try:
            async with asyncio.timeout(UNDO_WITHIN.total_seconds()):
                with suppress(NotFound):
                    await self._client.delete(ChaosExperiment, NAMESPACE, name, uid=experiment.metadata.uid or None)
                    while True:
                        await self._client.get(ChaosExperiment, NAMESPACE, name)
                        await asyncio.sleep(POLL_SECONDS)
        except (TimeoutError, ApiError) as error:
            self._progress.warn(f"  {name} could not be seen to be undone ({error}); its dead-man ends the fault")


async def _pump(client: ApiClient, kind: type[Resource], queue: asyncio.Queue[Resource | ApiError]) -> None:
    try:
        async for changed in follow(client, kind, NAMESPACE):
            queue.put_nowait(changed)
    except ApiError as error:  # such as a missing right: whoever reads the queue has to end
        queue.put_nowait(error)


def _is_healthy(system: MockSystem) -> bool:
    status = system.status
    threshold = system.spec.health.threshold_percent
    return status.phase is SystemPhase.READY and status.seeded and (status.health or 0) >= threshold
