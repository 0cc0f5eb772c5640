"""Incidents of one system under random breaches, requests, plans and kills, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import JsonValue

from incident_crds.base import REQUESTED_BY_ANNOTATION, ObjectMeta, Resource
from incident_crds.catalogue import SignalName
from incident_crds.client import ApiClient
from incident_crds.errors import ApiError, ServerUnavailable
from incident_crds.incident import Incident, IncidentPhase, IncidentSpec
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.domain.breaches import decide_breach_change
from incident_operator.domain.incidents import assign_incidents
from incident_operator.services.catalogue import Remedies
from incident_operator.services.incidents import Incidents
from incident_operator.services.inquiries import Inquiries
from incident_operator.services.systems import breach_of
from tests.domain import factories

from .memory_api import MemoryApi

SIGNALS = (SignalName.MEMORY, SignalName.CLIENTS, SignalName.CANARY)
REQUESTS: tuple[dict[str, Any], ...] = (
    {"action": "Acknowledge"},
    {"action": "FalseAlarm", "reason": "a test"},
    {"action": "Reopen"},
    {"action": "Diagnose"},
    {"action": "Merge"},
    *({"action": "Move", "phase": phase.value, "reason": "so it is"} for phase in IncidentPhase),
)


MOSTLY = st.sampled_from([True, True, True, False])


EVENTS = st.one_of(
    st.tuples(st.just("time_passes"), st.sampled_from([5, 130])),
    st.tuples(st.just("a_signal_moves"), st.sampled_from(SIGNALS), MOSTLY),
    st.tuples(st.just("it_is_looked_at"), st.none() | st.integers(0, 1)),
    st.tuples(st.just("a_person_asks"), st.integers(0, 5), st.sampled_from(REQUESTS), MOSTLY),
    st.tuples(st.just("an_old_request_comes_again"), st.integers(0, 9)),
    st.tuples(st.just("a_plan_runs_or_ends"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("the_operator_goes_on"), st.none() | st.integers(0, 3)),
)
"""What may happen next: a method and its arguments. One rule draws from it, as of many rules Hypothesis leaves out
some in every run, and here each matters."""


class _Clock(datetime):
    """What the services take for `datetime`."""

    present: ClassVar[datetime]

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.present


class _Surroundings:
    """Numbers, Events, and diagnoses that never come."""

    async def next_number(self, highest: int) -> int:
        return highest + 1

    async def record_event(self, about: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        return

    def ask(self, *arguments: object, **named: object) -> None:
        return

    def forget(self, key: object) -> None:
        return


class IncidentMachine(RuleBasedStateMachine):
    """Breaches are recorded as the service for systems does it; all else is done by the service for incidents."""

    reached: ClassVar[Counter[str]] = Counter()
    """How often incidents were written in each state, over all runs: a machine that gets nowhere proves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        _Clock.present = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self.patch = mock.patch("incident_operator.services.incidents.datetime", _Clock)
        self.patch.start()
        self.api = MemoryApi(self._observe)
        self.broken: list[str] = []
        self.handled: set[str] = set()
        self.active: dict[SignalName, datetime] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.plans = 0
        self._start()
        self.runner.run(self._create(factories.system()))

    async def _create(self, obj: Resource) -> None:
        await self.api.create(obj)

    def _start(self) -> None:
        self.api.fails_after = None
        self.store = Store(cast("ApiClient", self.api))
        others = _Surroundings()
        self.incidents = Incidents(
            store=self.store,
            builtin=cast("Builtin", others),
            inquiries=cast("Inquiries", others),
            remedies=cast("Remedies", None),
            hold=timedelta(seconds=2),
        )

    def _tell(self) -> None:
        for kind in (MockSystem, Incident, RemediationPlan):
            for obj in self.api.all(kind):
                self.store.put(kind, obj)

    def _observe(self, before: Resource | None, after: Resource) -> None:
        if isinstance(after, Incident):
            self.reached[str(after.status.reason or after.status.phase)] += 1
            self.handled.update(after.status.handled_requests)
            self.reached["relapsed"] += after.status.relapses > 0
            (system,) = self.api.all(MockSystem)
            try:
                check_incident(before if isinstance(before, Incident) else None, after, system)
            except AssertionError as error:
                self.broken.append(str(error) or "a promise was broken")

    @invariant()
    def promises_are_kept(self) -> None:
        assert not self.broken, self.broken
        still = [i for i in self.api.all(Incident) if i.status.phase is not IncidentPhase.RESOLVED]
        signals = [i.spec.signal for i in still]
        assert len(signals) == len(set(signals)), (
            f"two open incidents of one signal: {[i.metadata.name for i in still]}"
        )

    @rule(event=EVENTS)
    def happens(self, event: tuple[Any, ...]) -> None:
        name, *arguments = event
        getattr(self, name)(*arguments)

    def time_passes(self, seconds: int) -> None:
        _Clock.present += timedelta(seconds=seconds)

    def a_signal_moves(self, signal: SignalName, is_seen: bool) -> None:
        if signal in self.active:
            del self.active[signal]
        else:
            self.active[signal] = _Clock.present
        if is_seen:
            self.it_is_looked_at(None)
            self.the_operator_goes_on(None)

    def it_is_looked_at(self, writes: int | None) -> None:
        """Breaches are recorded and their incidents opened, unless the operator is killed between the two."""
        self.api.fails_after = writes
        with suppress(ServerUnavailable):
            self.runner.run(self._look())
        self._start()

    async def _look(self) -> None:
        """What Systems does with a sample."""
        now, (system,) = _Clock.present, self.api.all(MockSystem)
        known = {i.metadata.name: i for i in self.api.all(Incident)}
        change = decide_breach_change(system.status.breaches, self.active, now=now)
        found = assign_incidents(system, change, list(known.values()), is_taken=known.__contains__, now=now)
        breaches: list[JsonValue] = [b.to_json() for b in found]
        await self.api.patch(MockSystem, *system.key, {"status": {"breaches": breaches}}, subresource="status")
        for breach in found:
            if breach.ended_at is None and breach.incident and breach.incident not in known:
                spec = IncidentSpec(title="low", affected_systems=["redis-test"], signal=breach.signal)
                metadata = ObjectMeta(name=breach.incident, namespace="drills", uid=breach.incident)
                known[breach.incident] = await self.api.create(Incident(metadata=metadata, spec=spec))

    def _pick(self, which: int) -> Incident | None:
        found = self.api.all(Incident)
        return found[which % len(found)] if found else None

    def a_person_asks(self, which: int, request: dict[str, Any], is_seen: bool) -> None:
        incident = self._pick(which)
        if incident is not None:
            asked = {"id": f"r{len(self.requests)}", **request}
            if request["action"] == "Merge":
                others = [
                    i.metadata.name for i in self.api.all(Incident) if i.status.phase is not IncidentPhase.RESOLVED
                ]
                asked["mergeInto"] = others[-1] if others else "nothing"
            self.requests.append((incident.metadata.name, asked))
            self._ask(incident, asked)
            if is_seen:
                self.the_operator_goes_on(None)

    def an_old_request_comes_again(self, back: int) -> None:
        if not self.requests:
            return
        name, asked = self.requests[-1 - back % len(self.requests)]
        incident = next(i for i in self.api.all(Incident) if i.metadata.name == name)
        if asked["id"] not in self.handled:
            return
        self._ask(incident, asked)
        moves = len(incident.status.status_history)
        self.the_operator_goes_on(None)
        after = next(i for i in self.api.all(Incident) if i.metadata.name == name)
        new = after.status.status_history[moves:]
        assert all(change.actor != "sre" for change in new), "a stale request moved a card"

    def _ask(self, incident: Incident, asked: dict[str, Any]) -> None:
        note: dict[str, JsonValue] = {"annotations": {REQUESTED_BY_ANNOTATION: "sre"}}
        self.api.write(Incident, *incident.key, {"spec": {"request": None}})
        self.api.write(Incident, *incident.key, {"metadata": note, "spec": {"request": asked}})

    def a_plan_runs_or_ends(self, which: int, is_proven: bool) -> None:
        running = [p for p in self.api.all(RemediationPlan) if p.status.phase is PlanPhase.VERIFYING]
        incident = self._pick(which)
        if running:
            phase = PlanPhase.SUCCEEDED if is_proven else PlanPhase.FAILED
            verified = {"verifiedAt": _Clock.present.isoformat()} if is_proven else {}
            status: dict[str, Any] = {"phase": phase.value, **verified}
            self.api.write(RemediationPlan, *running[0].key, {"status": status}, subresource="status")
        elif incident is not None and incident.status.phase not in (None, IncidentPhase.RESOLVED):
            self.plans += 1
            made = factories.plan(spec={"incident_ref": incident.metadata.name}, phase=PlanPhase.VERIFYING)
            made.metadata = ObjectMeta(
                name=f"plan-{self.plans}", namespace="drills", uid=f"p{self.plans}", creation_timestamp=_Clock.present
            )
            self.runner.run(self._create(made))

    def the_operator_goes_on(self, writes: int | None) -> None:
        """Until it has nothing to do, or is killed after so many writes, and another takes its place."""
        self.api.fails_after = writes
        for _ in range(3):
            self._tell()
            for incident in self.api.all(Incident):
                _Clock.present += timedelta(milliseconds=1)
                with suppress(ApiError):
                    self.runner.run(self._reconcile(incident))
        self._start()

    async def _reconcile(self, incident: Incident) -> None:
        await self.incidents.reconcile(incident.key)

    def teardown(self) -> None:
        self.patch.stop()
        self.runner.close()


def check_incident(before: Incident | None, after: Incident, system: MockSystem) -> None:
    """What has to hold between any version of an incident and the next."""
    now, was = after.status, before.status if before else None
    assert (now.phase is IncidentPhase.RESOLVED) == (now.reason is not None), "resolved without a reason, or not"
    assert (now.phase is IncidentPhase.RESOLVED) == (now.timestamps.resolved_at is not None)
    stamps = now.timestamps
    order = [stamps.breached_at, stamps.detected_at, stamps.resolved_at]
    times = [t for t in order if t is not None]
    assert times == sorted(times), f"milestones out of order: {times}"
    for later in (stamps.acknowledged_at, stamps.diagnosed_at):
        assert later is None or stamps.detected_at is None or later >= stamps.detected_at, "before it was detected"
    moves = [c.at for c in now.status_history]
    assert moves == sorted(moves), "moves out of order"
    if was is not None:
        assert now.status_history[: len(was.status_history)] == was.status_history, "history was rewritten"
        assert (now.occurrences, now.relapses) >= (was.occurrences, was.relapses)
        just_resolved = was.phase is not IncidentPhase.RESOLVED and now.phase is IncidentPhase.RESOLVED
        if just_resolved and now.status_history[-1].actor == "operator":
            lasting = [b.signal for b in breach_of(system.status, after.metadata.name) if b.ended_at is None]
            assert not lasting, f"the operator resolved it while {lasting} lasted"
