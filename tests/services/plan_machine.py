"""Plans of one incident under random events, with the service that decides and executes, and a process that may die."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import override

from incident_crds.action import Action, ActionParams, RedisOption
from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, ObjectMeta, Resource
from incident_crds.catalogue import ActionType, Risk, SignalName, SystemType
from incident_crds.client import ApiClient
from incident_crds.errors import ApiError, Conflict, ServerUnavailable
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.domain.approval import compute_plan_hash
from incident_operator.domain.sample import Sample, Signal
from incident_operator.remedies.base import Evidence, Remedy
from incident_operator.services.catalogue import Remedies
from incident_operator.services.plans import Plans
from incident_operator.services.samples import Samples
from incident_operator.services.systems import Systems
from incident_operator.targets import Refused, Target
from tests.domain import factories

from .memory_api import MemoryApi

DECIDED = (PlanPhase.APPROVED, PlanPhase.EXECUTING, PlanPhase.VERIFYING, PlanPhase.SUCCEEDED, PlanPhase.ROLLED_BACK)
MOST_PLANS = 4
OPTIONS = list(RedisOption)
FAILS = st.sampled_from([None, None, *OPTIONS[:3]])
_NUMBER = st.integers(0, 3)
EVENTS = st.one_of(
    st.tuples(st.just("propose"), st.sampled_from([1, 3, 3])),
    st.tuples(st.just("a_person_approves"), _NUMBER),
    st.tuples(st.just("a_person_rejects_or_errs"), _NUMBER, _NUMBER, st.booleans()),
    st.tuples(st.just("the_operator_takes_a_step"), _NUMBER, st.booleans(), FAILS),
    st.tuples(st.just("the_operator_goes_on"), FAILS),
    st.tuples(st.just("the_operator_goes_on_and_is_killed"), st.integers(0, 9), FAILS),
    st.tuples(st.just("it_is_measured"), st.sampled_from([(90, 100), (30, 100), (5, 0)]), st.sampled_from([1, 3])),
    st.tuples(
        st.just("something_changes"), _NUMBER, st.sampled_from(["time runs out", "system", "resolved", "reopened"])
    ),
)
"""What may happen next: a method and its arguments. One rule draws from it, as of many rules Hypothesis leaves out
some in every run, and here each matters."""


class Dial(Remedy):
    """Sets one of three numbers; the harness knows each number, and how often it was set."""

    type: ClassVar[ActionType] = ActionType.REDIS_RESET_CONFIG
    system_type: ClassVar[SystemType | None] = SystemType.REDIS
    risk: ClassVar[Risk] = Risk.LOW
    reversible: ClassVar[bool] = True

    def __init__(self) -> None:
        self.values: Counter[str] = Counter()
        self.executed: Counter[str] = Counter()
        self.reverted: Counter[str] = Counter()
        self.fails: RedisOption | None = None
        """The number that cannot be set now."""

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        return {"value": self.values[str(params.option)], "wanted": int(params.value or 0)}

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        if params.option is self.fails:
            raise Refused("fails as the test wants it")
        self.executed[str(params.value)] += 1
        self.values[str(params.option)] = int(params.value or 0)
        return "set"

    @override
    async def revert(self, target: Target, params: ActionParams, before: Mapping[str, Any]) -> str:
        self.reverted[str(params.value)] += 1
        self.values[str(params.option)] = before["value"]
        return "set back"

    @override
    def is_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return one["value"] == other["value"]

    @override
    def effect(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
        return None if after["value"] == after["wanted"] != before["value"] else "it is not as wanted"


class _Surroundings:
    """What the service needs besides the store: a system that is reached, remedies, and somebody who takes Events."""

    def __init__(self, dial: Dial) -> None:
        self.dial = dial
        self.told: list[str] = []

    async def target(self, key: object, *, is_open: bool = True) -> Target:
        return cast("Target", None)

    def request_sample(self, key: object) -> None:
        return

    def get(self, type: ActionType) -> Remedy:
        return self.dial

    def risks(self) -> Mapping[ActionType, Risk]:
        return dict.fromkeys(ActionType, Risk.LOW)

    def reversible(self) -> frozenset[ActionType]:
        return frozenset({self.dial.type})

    async def record_event(self, about: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        self.told.append(reason)


class PlanMachine(RuleBasedStateMachine):
    """The invariants are looked at with every write that anybody makes."""

    reached: ClassVar[Counter[PlanPhase | None]] = Counter()
    """How often plans were written in each phase, over all runs: a machine that gets nowhere proves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.api = MemoryApi(self._observe)
        self.dial = Dial()
        self.others = _Surroundings(self.dial)
        self.made = 0
        self.broken: list[str] = []
        self.clock = datetime.now(UTC)
        system, incident = factories.system(), factories.incident()
        system.status.capabilities.remedies = [self.dial.type]
        self._start()
        self.runner.run(self._create(system, incident))

    async def _create(self, *objects: Resource) -> None:
        for obj in objects:
            self.store.put(type(obj), await self.api.create(obj))

    def _start(self) -> None:
        """A process that has just begun: it knows what the server knows."""
        self.api.fails_after = None
        self.store = Store(cast("ApiClient", self.api))
        self.samples = Samples()
        self.plans = Plans(
            store=self.store,
            builtin=cast("Builtin", self.others),
            systems=cast("Systems", self.others),
            samples=self.samples,
            remedies=cast("Remedies", self.others),
        )
        self._tell()

    def _tell(self) -> None:
        """The watches bring everything."""
        for kind in (MockSystem, Incident, RemediationPlan):
            for obj in self.api.all(kind):
                self.store.put(kind, obj)

    def _observe(self, before: Resource | None, after: Resource) -> None:
        """Noted and not raised: what is under test takes any error of an action for a failed action."""
        if not isinstance(after, RemediationPlan):
            return
        self.reached[after.status.phase] += 1
        try:
            check_plan(before if isinstance(before, RemediationPlan) else None, after)
        except AssertionError as error:
            self.broken.append(str(error) or "a promise was broken")

    @invariant()
    def promises_are_kept(self) -> None:
        running = [
            p.metadata.name for p in self.api.all(RemediationPlan) if p.status.phase and p.status.phase.is_running
        ]
        assert len(running) <= 1, f"two plans run at once: {running}"
        assert max([*self.dial.executed.values(), 0]) <= 1, "an action was run twice"
        assert max([*self.dial.reverted.values(), 0]) <= 1, "an action was taken back twice"
        assert not self.broken, self.broken

    def _pick(self, which: int) -> RemediationPlan:
        plans = self.api.all(RemediationPlan)
        return plans[which % len(plans)]

    @rule(event=EVENTS)
    def happens(self, event: tuple[Any, ...]) -> None:
        name, *arguments = event
        if self.made or name == "propose":
            getattr(self, name)(*arguments)

    def propose(self, steps: int) -> None:
        if self.made == MOST_PLANS:
            return
        self.made += 1
        actions = [
            Action(
                id=f"step-{n}",
                type=self.dial.type,
                system="redis-test",
                params=ActionParams(option=OPTIONS[n], value=str(self.made * 10 + n)),
            )
            for n in range(steps)
        ]
        plan = factories.plan(spec={"actions": actions, "attempt": self.made})
        plan.metadata = ObjectMeta(
            name=f"plan-{self.made}", namespace="drills", uid=f"uid-plan-{self.made}", creation_timestamp=self.clock
        )
        self.runner.run(self._create(plan))

    def _annotate(self, plan: RemediationPlan, note: Mapping[str, str]) -> None:
        notes: dict[str, Any] = {"metadata": {"annotations": {**note, APPROVED_BY_ANNOTATION: "sre"}}}
        self.api.write(RemediationPlan, *plan.key, notes)

    def a_person_approves(self, which: int) -> None:
        plan = self._pick(which)
        self._annotate(plan, {APPROVE_ANNOTATION: plan.status.plan_hash})

    def a_person_rejects_or_errs(self, which: int, whose: int, rejects: bool) -> None:
        wrong = {APPROVE_ANNOTATION: self._pick(whose).status.plan_hash}
        self._annotate(self._pick(which), {REJECT_ANNOTATION: "no"} if rejects else wrong)

    def the_operator_takes_a_step(self, which: int, is_told: bool, fails: RedisOption | None) -> None:
        """With what it knows, which may be old. An action may fail."""
        if is_told:
            self._tell()
        self.dial.fails = fails
        with suppress(ApiError):
            self.runner.run(self._reconcile(self._pick(which)))

    def the_operator_goes_on(self, fails: RedisOption | None) -> None:
        """Until it has nothing to do. An action may fail."""
        self._go_on(None, fails)

    def the_operator_goes_on_and_is_killed(self, writes: int, fails: RedisOption | None) -> None:
        """After so many writes; another takes its place."""
        self._go_on(writes, fails)

    def _go_on(self, writes: int | None, fails: RedisOption | None) -> None:
        self.dial.fails, self.api.fails_after = fails, writes
        for _ in range(6):
            self._tell()
            for plan in self.api.all(RemediationPlan):
                try:
                    self.runner.run(self._reconcile(plan))
                except ServerUnavailable:
                    self._start()
                    return
                except Conflict:
                    continue
        self.api.fails_after = None

    async def _reconcile(self, plan: RemediationPlan) -> None:
        await self.plans.reconcile(plan.key)

    def it_is_measured(self, found: tuple[int, int], number: int) -> None:
        memory, canary = found
        for _ in range(number):
            self.clock += timedelta(seconds=20)
            signals = (Signal(SignalName.MEMORY, memory, ""), Signal(SignalName.CANARY, canary, ""))
            self.samples.add(Sample("drills", "redis-test", "uid-system", self.clock, signals, True))

    def something_changes(self, which: int, what: str) -> None:
        plan, (system,), (incident,) = self._pick(which), self.api.all(MockSystem), self.api.all(Incident)
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        match what:
            case "time runs out":
                if plan.status.expires_at is not None:
                    self.api.write(RemediationPlan, *plan.key, {"status": {"expiresAt": past}}, subresource="status")
            case "system":
                newer = system.metadata.generation + 1
                self.api.write(MockSystem, *system.key, {"metadata": {"generation": newer}})
            case _:
                phase = "Resolved" if what == "resolved" else "Investigating"
                self.api.write(Incident, *incident.key, {"status": {"phase": phase}}, subresource="status")

    def teardown(self) -> None:
        self.runner.close()


def check_plan(before: RemediationPlan | None, after: RemediationPlan) -> None:
    """What has to hold between any version of a plan and the next, whoever wrote it."""
    was, now = before.status if before else None, after.status
    if was is not None and was.phase is not None and was.phase.is_final:
        assert now.phase is was.phase, f"{was.phase} was left for {now.phase}"
        assert now.action_results == was.action_results, "a plan that had ended went on"
    if was is not None and was.decision is not None:
        assert now.decision == was.decision, "a decision was changed"
    if now.phase in DECIDED:
        assert now.decision is not None
        assert now.decision.approved, f"{now.phase} without an approval"
        hashes = {now.decision.plan_hash, now.plan_hash, compute_plan_hash(after.spec, now.targets)}
        assert len(hashes) == 1, f"what runs is not what was approved: {hashes}"
    if now.phase is PlanPhase.ROLLED_BACK:
        done = [r for r in now.action_results if r.succeeded]
        assert all(r.rolled_back is not None and r.rolled_back.succeeded for r in done)
    if now.phase is PlanPhase.SUCCEEDED:
        assert now.verified_at is not None
        assert all(r.succeeded for r in now.action_results)
