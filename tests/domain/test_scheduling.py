"""What a schedule does at each moment, in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_crds.base import SCHEDULE_LABEL
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_operator.domain.scheduling import (
    LATEST,
    build_child,
    check_schedule,
    decide_turn,
    is_child_of,
    scheduled_status,
)

from .factories import experiment

CREATED = datetime(2026, 1, 31, 11, 58, 30, tzinfo=UTC)
FIRST = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def nightly(schedule: str = "0 * * * *", **spec: Any) -> ChaosExperiment:
    made = experiment()
    made.metadata.name, made.metadata.creation_timestamp = "nightly", CREATED
    made.spec = made.spec.model_copy(update={"schedule": schedule, **spec})
    return made


class World:
    """A parent and its children, moved on by one turn at a time."""

    def __init__(self, parent: ChaosExperiment) -> None:
        self.parent = parent
        self.children: list[ChaosExperiment] = []
        self.halted: str | None = None

    def turn(self, now: datetime) -> str:
        """The child made, or the reason why a firing made none, or empty."""
        turn = decide_turn(self.parent, self.children, halted=self.halted, now=now)
        made = ""
        if turn.fire_at is not None:
            child = build_child(self.parent, turn.fire_at)
            child.metadata.uid, child.metadata.creation_timestamp = f"uid-{child.metadata.name}", now
            self.children.append(child)
            made = child.metadata.name
        self.parent.status = scheduled_status(self.parent, turn, made=made)
        gone = {c.metadata.name for c in turn.finished}
        self.children = [c for c in self.children if c.metadata.name not in gone]
        return made or (turn.skip.why.reason if turn.skip else "")

    def end(self, phase: ExperimentPhase = ExperimentPhase.REJECTED) -> None:
        last = self.children[-1]
        last.status = last.status.model_copy(update={"phase": phase})


def test_each_firing_makes_one_child_named_after_it() -> None:
    world = World(nightly(suspend=False, duration_seconds=42))
    assert world.turn(CREATED) == ""
    assert world.parent.status.phase is ExperimentPhase.SCHEDULED
    assert "2026-01-31 12:00 UTC" in world.parent.status.message
    assert world.turn(FIRST - timedelta(microseconds=1)) == ""
    assert world.turn(FIRST) == "nightly-202601311200"
    assert world.turn(FIRST + timedelta(seconds=1)) == "", "a firing made two"
    status = world.parent.status.schedule
    assert status is not None
    assert (status.last_fire_at, status.active_child) == (FIRST, "nightly-202601311200")
    assert status.next_fire_at == FIRST + HOUR
    (child,) = world.children
    assert is_child_of(child, world.parent)
    assert child.metadata.labels[SCHEDULE_LABEL] == "nightly"
    assert (child.spec.schedule, child.spec.duration_seconds) == (None, 42)
    assert child.spec.fault == world.parent.spec.fault
    other = nightly()
    other.metadata.uid = "another"
    assert not is_child_of(child, other)


def test_a_firing_while_a_child_is_not_final_is_skipped_and_not_made_up_for() -> None:
    world = World(nightly())
    world.turn(FIRST)
    world.end(ExperimentPhase.RECOVERING)
    assert world.turn(FIRST + HOUR) == "ChildActive"
    world.end()
    assert world.turn(FIRST + HOUR + timedelta(seconds=5)) == "", "the skipped firing was made up for"
    assert world.turn(FIRST + 2 * HOUR) == "nightly-202601311400"
    assert world.parent.status.schedule is not None
    assert world.parent.status.schedule.skipped_at == FIRST + HOUR


@pytest.mark.parametrize("reason", ["Suspended", "KillSwitch"])
def test_a_pause_skips_its_firings_and_none_comes_after_it(reason: str) -> None:
    world = World(nightly())
    world.turn(CREATED)
    if reason == "Suspended":
        world.parent.spec.suspend = True
    else:
        world.halted = "real outage (by sre)"
    assert world.turn(FIRST) == reason
    world.parent.spec.suspend, world.halted = False, None
    assert world.turn(FIRST + timedelta(seconds=30)) == ""
    assert world.children == []
    assert world.turn(FIRST + HOUR) != ""


def test_what_was_missed_while_no_operator_was_there_is_told_once_and_not_replayed() -> None:
    world = World(nightly())
    world.turn(CREATED)
    back = FIRST + 3 * HOUR + LATEST + timedelta(seconds=1)
    assert world.turn(back) == "Missed"
    assert world.turn(back + timedelta(seconds=1)) == ""
    assert world.children == []
    assert world.turn(FIRST + 4 * HOUR) == "nightly-202601311600"


def test_a_firing_that_is_a_little_late_is_run_once() -> None:
    world = World(nightly())
    world.turn(CREATED)
    assert world.turn(FIRST + 2 * HOUR + LATEST) == "nightly-202601311400"
    assert len(world.children) == 1


def test_a_schedule_made_within_its_minute_waits_for_the_next() -> None:
    world = World(nightly())
    world.parent.metadata.creation_timestamp = FIRST + timedelta(seconds=20)
    assert world.turn(FIRST + timedelta(seconds=21)) == ""
    assert world.children == []


def test_the_oldest_finished_children_go_and_none_that_runs_or_waits_for_its_grade() -> None:
    world = World(nightly("*/5 * * * *", history_limit=2))
    world.turn(FIRST)
    world.end(ExperimentPhase.RECOVERED)
    ungraded = world.children[0]
    ungraded.status = ungraded.status.model_copy(update={"recovered_at": FIRST})
    for number in range(1, 4):
        world.turn(FIRST + number * timedelta(minutes=5))
        world.end()
    world.turn(FIRST + timedelta(minutes=20))  # the fifth runs
    assert [c.metadata.name[-4:] for c in world.children] == ["1200", "1210", "1215", "1220"]
    ungraded.status = ungraded.status.model_copy(update={"recovered_at": None})
    world.turn(FIRST + timedelta(minutes=21))
    assert [c.metadata.name[-4:] for c in world.children] == ["1210", "1215", "1220"]
    world.parent.spec.history_limit = 0
    world.turn(FIRST + timedelta(minutes=22))
    assert [c.metadata.name[-4:] for c in world.children] == ["1220"]


@pytest.mark.parametrize(
    ("name", "schedule", "reason", "says"),
    [
        ("nightly", "0 25 * * *", "ScheduleInvalid", "field hour"),
        ("n" * 51, "0 3 * * *", "NameTooLong", "50 characters"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(name: str, schedule: str, reason: str, says: str) -> None:
    made = nightly(schedule)
    made.metadata.name = name
    refusal = check_schedule(made, now=CREATED)
    assert refusal is not None
    assert (refusal.reason, says in refusal.message) == (reason, True)
    assert check_schedule(nightly(), now=CREATED) is None
