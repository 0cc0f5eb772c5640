"""Which signals are breached, and which incident a breach belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_crds.catalogue import SignalName
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason, Timestamps
from incident_crds.mocksystem import Breach, HealthPolicy, MockSystem
from incident_operator.domain.breaches import BreachChange, BreachTracker, decide_breach_change
from incident_operator.domain.incidents import assign_incidents
from incident_operator.domain.sample import Sample, Signal

from .factories import NOW, at, incident, sample, system

POLICY = HealthPolicy()


def assign(target: MockSystem, change: BreachChange, incidents: list[Incident], *, now: datetime) -> list[Breach]:
    names = {i.metadata.name for i in incidents}
    return assign_incidents(target, change, incidents, is_taken=names.__contains__, now=now)


def follow(*health: int | None, policy: HealthPolicy = POLICY) -> BreachTracker:
    tracker = BreachTracker([])
    for second, value in enumerate(health):
        tracker.observe(sample(second, memory=value), policy)
    return tracker


def test_one_sample_below_the_threshold_is_a_breach() -> None:
    assert follow(90, 49).active == {SignalName.MEMORY: at(1)}


def test_the_threshold_itself_is_healthy() -> None:
    assert not follow(50).active


def test_a_breach_ends_after_two_healthy_samples_in_a_row() -> None:
    assert follow(10, 90, 10, 90).active
    assert not follow(10, 90, 90).active


def test_an_unknown_signal_neither_breaks_nor_heals() -> None:
    assert follow(10, None, None, None).active == {SignalName.MEMORY: at(0)}
    assert not follow(None, None).active


def test_an_unreachable_system_is_a_breach_and_not_a_gap() -> None:
    tracker = BreachTracker([])
    dead = Sample("drills", "redis-test", "uid-system", NOW, (Signal(SignalName.REACHABLE, 0, "refused"),), False)
    tracker.observe(dead, POLICY)
    assert tracker.active == {SignalName.REACHABLE: at(0)}
    tracker.observe(sample(1, memory=90), POLICY)
    tracker.observe(sample(2, memory=90), POLICY)
    assert not tracker.active


def test_a_breach_on_record_goes_on_over_a_restart() -> None:
    recorded = [Breach(signal=SignalName.MEMORY, number=3, breached_at=NOW, incident="redis-test-memory-3")]
    tracker = BreachTracker(recorded)
    tracker.observe(sample(5, memory=10), POLICY)
    change = decide_breach_change(recorded, tracker.active, now=at(5))
    assert change.is_empty
    assert list(change.breaches) == recorded


def test_each_new_breach_has_the_next_number_and_its_own_incident() -> None:
    change = decide_breach_change([], {SignalName.MEMORY: NOW}, now=NOW)
    (first,) = assign(system(), change, [], now=NOW)
    assert (first.number, first.incident) == (1, "redis-test-memory-1")
    ended = first.model_copy(update={"ended_at": at(10)})
    change = decide_breach_change([ended], {SignalName.MEMORY: at(500)}, now=at(500))
    resolved = incident(
        phase=IncidentPhase.RESOLVED, reason=ResolvedReason.VERIFIED, timestamps=Timestamps(resolved_at=at(20))
    )
    (second,) = assign(system(), change, [resolved], now=at(500))
    assert (second.number, second.incident) == (2, "redis-test-memory-2")


def test_a_breach_soon_after_the_resolution_reopens_its_incident() -> None:
    ended = Breach(signal=SignalName.MEMORY, number=1, breached_at=NOW, ended_at=at(10), incident="redis-test-memory-1")
    resolved = incident(
        phase=IncidentPhase.RESOLVED, reason=ResolvedReason.VERIFIED, timestamps=Timestamps(resolved_at=at(20))
    )
    change = decide_breach_change([ended], {SignalName.MEMORY: at(60)}, now=at(60))
    (again,) = assign(system(), change, [resolved], now=at(60))
    assert (again.number, again.incident) == (2, "redis-test-memory-1")


def test_symptoms_join_the_open_incident_and_open_one_only_alone() -> None:
    both = decide_breach_change([], {SignalName.CANARY: NOW, SignalName.MEMORY: NOW}, now=NOW)
    assert {b.incident for b in assign(system(), both, [], now=NOW)} == {"redis-test-memory-1"}
    alone = decide_breach_change([], {SignalName.CANARY: NOW}, now=NOW)
    (only,) = assign(system(), alone, [], now=NOW)
    assert only.incident == "redis-test-canary-1"


@pytest.mark.parametrize("fields", [{"signal": None}, {"incidentType": "Synthetic"}])
def test_an_outage_never_hides_in_what_a_person_or_the_generator_made(fields: dict[str, Any]) -> None:
    made = incident("made-by-hand")
    made = Incident.parse({**made.to_json(), "spec": {**made.spec.to_json(), **fields}})
    change = decide_breach_change([], {SignalName.REACHABLE: NOW}, now=NOW)
    (breach,) = assign(system(), change, [made], now=NOW)
    assert breach.incident == "redis-test-reachable-1"


def test_a_new_system_of_an_old_name_does_not_take_up_old_incidents() -> None:
    """Its breach numbers begin again at 1."""
    old = [
        incident(f"redis-test-memory-{n}", phase=IncidentPhase.RESOLVED, reason=ResolvedReason.MANUAL_OVERRIDE)
        for n in (1, 2)
    ]
    change = decide_breach_change([], {SignalName.MEMORY: NOW}, now=NOW)
    (breach,) = assign(system(), change, old, now=NOW)
    assert (breach.number, breach.incident) == (3, "redis-test-memory-3")


@given(st.lists(st.integers(0, 100) | st.none(), max_size=40))
def test_breach_numbers_only_grow_and_one_breach_is_open_at_most(values: list[int | None]) -> None:
    tracker = BreachTracker([])
    recorded: list[Breach] = []
    numbers = [0]
    for second, value in enumerate(values):
        tracker.observe(sample(second, memory=value), POLICY)
        recorded = list(decide_breach_change(recorded, tracker.active, now=at(second)).breaches)
        for breach in (b for b in recorded if b.signal is SignalName.MEMORY):
            assert breach.number in (numbers[-1], numbers[-1] + 1)
            numbers.append(breach.number)
            assert (breach.ended_at is None) == (SignalName.MEMORY in tracker.active)
