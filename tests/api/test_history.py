"""How signals went lately: what is kept, for how long, and who may see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from incident_api.board.history import MOST_POINTS, SPAN, History
from incident_api.board.scope import EVERYTHING, Scope, Topic
from incident_crds.base import ObjectMeta
from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import (
    ExternalSystem,
    MockSystem,
    MockSystemSpec,
    MockSystemStatus,
    SecretRef,
    SignalStatus,
)

from ..waiting import eventually
from .door import Door
from .factories import START

MEMORY, CANARY = SignalName.MEMORY, SignalName.CANARY


def measured(seconds: float | None, uid: str = "u", namespace: str = "drills", **health: int | None) -> MockSystem:
    """The system as it was measured so many seconds after START."""
    signals = [SignalStatus(name=SignalName(name), health=value) for name, value in health.items()]
    at = None if seconds is None else START + timedelta(seconds=seconds)
    return MockSystem(
        metadata=ObjectMeta(name=uid, namespace=namespace, uid=uid),
        spec=MockSystemSpec(
            type=SystemType.REDIS,
            external=ExternalSystem(endpoint="redis://127.0.0.1:1/0", credentials_secret_ref=SecretRef(name="s")),
        ),
        status=MockSystemStatus(signals=signals, last_probe_time=at),
    )


def test_each_signal_has_its_own_points() -> None:
    history = History()
    history.note(measured(0, memory=90, canary=100))
    history.note(measured(5, memory=None, canary=100))
    read = history.read(EVERYTHING, START + timedelta(seconds=5))
    later = START + timedelta(seconds=5)
    assert read == {"u": {MEMORY: [(START, 90), (later, None)], CANARY: [(START, 100), (later, 100)]}}


def test_a_measurement_that_is_written_twice_is_one_point() -> None:
    history = History()
    for health in (90, 80):
        history.note(measured(3, memory=health))
    assert history.read(EVERYTHING, START)["u"][MEMORY] == [(START + timedelta(seconds=3), 80)]


def test_a_clock_that_was_put_back_does_not_stop_it() -> None:
    history = History()
    for seconds in (0, 10, 5, 6):
        history.note(measured(seconds, memory=int(seconds)))
    assert [health for _, health in history.read(EVERYTHING, START)["u"][MEMORY]] == [0, 5, 6]


def test_it_is_bounded_in_number_and_in_time() -> None:
    history = History()
    for second in range(MOST_POINTS + 20):
        history.note(measured(second, memory=second % 100))
    points = history.read(EVERYTHING, START + timedelta(seconds=MOST_POINTS))["u"][MEMORY]
    assert len(points) == MOST_POINTS
    assert points[0][0] == START + timedelta(seconds=20)
    end = MOST_POINTS + 19 + SPAN.total_seconds()
    assert len(history.read(EVERYTHING, START + timedelta(seconds=end))["u"][MEMORY]) == 1
    history.note(measured(end + 1, canary=1))
    assert list(history.read(EVERYTHING, START + timedelta(seconds=end + 1))["u"]) == [CANARY]


def test_what_was_never_measured_and_what_was_deleted() -> None:
    history = History()
    history.note(measured(None))
    assert history.read(EVERYTHING, START) == {"u": {}}
    history.forget("u")
    history.forget("u")
    assert history.read(EVERYTHING, START) == {}


def test_nobody_sees_more_systems_than_in_lists() -> None:
    history = History()
    history.note(measured(0, "ours", memory=1))
    history.note(measured(0, "theirs", "others", memory=1))
    assert set(history.read(Scope(inside=frozenset({(Topic.SYSTEM, "drills")})), START)) == {"ours"}
    assert history.read(Scope(everywhere=frozenset({Topic.INCIDENT})), START) == {}


async def test_the_api_remembers_what_it_saw(viewer_door: Door) -> None:
    systems = {system["name"]: system for system in (await viewer_door.get("/systems")).json}

    async def look() -> list[list[object]] | None:
        found = (await viewer_door.get("/systems/history")).json["systems"]
        assert set(found) == {system["id"] for system in systems.values()}
        points: list[list[object]] = found[systems["redis-test"]["id"]].get("memory", [])
        return points if len(points) > 1 else None

    points = await eventually(look, "two measurements", 75)  # one that changes nothing is written each half minute
    times = [datetime.fromisoformat(str(at)) for at, _ in points]
    assert times == sorted(set(times))
    assert all(isinstance(health, int) and 0 <= health <= 100 for _, health in points)
