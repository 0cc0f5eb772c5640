"""Whom an investigation looks at, and whom it does not blame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from incident_crds.catalogue import FaultType, Severity, SignalName
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, JoinedSystem, Relation
from incident_crds.mocksystem import Breach, MockSystem
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.diagnosis.chain import RULES, Diagnosed, Diagnoser, Question
from incident_operator.domain.sample import Sample, Signal
from incident_operator.domain.verdict import Verdict
from incident_operator.probes.evidence import LONGEST, LONGEST_WHEN_SLOW, longest_for
from incident_operator.services.catalogue import Remedies
from incident_operator.services.investigation import Finding, Investigation
from incident_operator.services.samples import Samples
from incident_operator.services.systems import Systems

from ..domain.factories import incident, system
from ..domain.test_grading import diagnosed

REDIS, POSTGRES, OF_BOTH = "redis-test", "postgres-test", "postgres-test-connections-1"
CONNECTIONS, LATENCY, BLOAT = SignalName.CONNECTIONS, SignalName.LATENCY, SignalName.BLOAT


class Space:
    """Postgres, and the Redis that it depends on. Neither can be entered; Redis is measured where `is_measured`."""

    def __init__(self) -> None:
        self.store, self.samples, self.is_measured = Store(cast("ApiClient", None)), Samples(), False
        self.systems = {name: system(name) for name in (REDIS, POSTGRES)}
        self.systems[POSTGRES].spec.depends_on = [REDIS]
        for name, made in self.systems.items():
            made.spec.health.timeout_seconds = 1
            made.status.seeded = True
            self.store.put(MockSystem, made)
            assert made.metadata.name == name

    def breaks(self, name: str, *signals: SignalName) -> None:
        now = datetime.now(UTC)
        breaches = [Breach(signal=s, number=1, breached_at=now, incident=OF_BOTH) for s in signals]
        self.systems[name].status.breaches = breaches

    def request_sample(self, key: Key) -> None:
        if self.is_measured:
            signals = (Signal(SignalName.CANARY, 100, "fine"), Signal(LATENCY, 100, "fine"))
            self.samples.add(Sample(*key, f"uid-{key[1]}", datetime.now(UTC) + timedelta(seconds=1), signals))

    async def target_or_none(self, _: Key) -> None:
        return None

    async def recent_events(self, _: str) -> list[object]:
        return []


class Blames:
    """Explains everything but what is wrong with these systems."""

    def __init__(self, *puzzles: str) -> None:
        self.puzzles, self.asked = puzzles, list[tuple[str, list[SignalName]]]()

    async def diagnose(self, question: Question) -> Diagnosed:
        name = question.evidence.system
        self.asked.append((name, list(question.breached)))
        fault = None if name in self.puzzles else FaultType.POSTGRES_CONNECTIONS
        return Diagnosed(diagnosed(), Verdict(fault, name, "s", "s", Severity.P2, 50, ()))


async def look(space: Space, diagnoser: Blames, *, joined: bool) -> Finding:
    made = incident(OF_BOTH, signals=[CONNECTIONS])
    made.spec.affected_systems, made.spec.signal = [POSTGRES], CONNECTIONS
    if joined:
        made.status.joined = [JoinedSystem(system=REDIS, relation=Relation.CAUSE, at=datetime.now(UTC))]
    space.store.put(Incident, made)
    investigation = Investigation(
        store=space.store,
        builtin=cast("Builtin", space),
        systems=cast("Systems", space),
        samples=space.samples,
        remedies=Remedies(),
        diagnoser=cast("Diagnoser", diagnoser),
    )
    return await investigation.investigate(made, [])


@pytest.mark.parametrize("puzzles", [[], [REDIS]])
async def test_what_suffers_is_not_blamed_while_the_cause_cannot_be_explained(puzzles: list[str]) -> None:
    space, diagnoser = Space(), Blames(*puzzles)
    space.breaks(POSTGRES, CONNECTIONS)
    space.breaks(REDIS, LATENCY)
    found = await look(space, diagnoser, joined=True)
    assert diagnoser.asked == [(REDIS, [LATENCY])]
    assert (found.diagnosed.verdict.system, found.diagnosed.verdict.fault is None) == (REDIS, bool(puzzles))


async def test_what_suffers_is_looked_at_once_the_cause_has_ended() -> None:
    space, diagnoser = Space(), Blames(REDIS)
    space.breaks(POSTGRES, CONNECTIONS)
    found = await look(space, diagnoser, joined=True)
    assert diagnoser.asked == [(POSTGRES, [CONNECTIONS])]
    assert found.diagnosed.verdict.fault is not None


@pytest.mark.parametrize("is_measured", [True, False])
async def test_a_symptom_waits_until_what_it_may_come_from_is_measured(is_measured: bool) -> None:
    space, diagnoser = Space(), Blames()
    space.is_measured = is_measured
    space.breaks(POSTGRES, CONNECTIONS)
    found = (await look(space, diagnoser, joined=False)).diagnosed
    assert bool(diagnoser.asked) == is_measured
    if not is_measured:
        assert (found.diagnosis.provider, found.verdict.fault, found.verdict.system) == (RULES, None, REDIS)
        assert "It depends on redis-test, of which nothing better is known yet" in found.diagnosis.summary


async def test_what_cannot_come_from_elsewhere_is_looked_at_all_the_same() -> None:
    space, diagnoser = Space(), Blames()
    space.breaks(POSTGRES, CONNECTIONS, BLOAT)
    await look(space, diagnoser, joined=False)
    assert diagnoser.asked == [(POSTGRES, [BLOAT])]


@pytest.mark.parametrize(
    ("signals", "seconds"),
    [
        ([], 2),
        ([Signal(LATENCY, 100, "", {"milliseconds": 0.0})], 2),
        ([Signal(LATENCY, 20, "", {"milliseconds": 500.0})], 3.5),
        ([Signal(LATENCY, 0, "", {"milliseconds": 9000.0})], 6),
        ([Signal(LATENCY, None, "the canary failed")], 6),
    ],
)
def test_a_slow_system_has_longer_for_its_evidence(signals: list[Signal], seconds: float) -> None:
    assert longest_for(signals) == timedelta(seconds=seconds)
    assert LONGEST <= longest_for(signals) <= LONGEST_WHEN_SLOW
