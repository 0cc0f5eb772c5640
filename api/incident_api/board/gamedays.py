"""The JSON of a game day: its drills without their answer key, and its scoreboard."""

from __future__ import annotations

from enum import StrEnum

from incident_api.board.projection import object_fields, snake
from incident_api.board.records import DrillReport, Fault
from incident_api.board.views import ObjectView, View
from incident_crds.base import Timestamp
from incident_crds.gameday import GameDay, GameDayPhase


class GameDayStatusName(StrEnum):
    """Where a game day stands."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"


class GameDayDrillView(View):
    """A drill of the suite. Which actions count as right is not told: whoever is examined may look here too."""

    name: str
    fault: Fault
    """What is broken, with its parameters."""
    repeats: int
    """Times it is run."""


class DrillScoreView(View):
    """How one run of a drill went."""

    drill: str
    """Name of the drill."""
    run: int
    """Which repeat, from 1."""
    experiment: str
    """Name of the experiment."""
    report: DrillReport | None
    """Its graded report, once there is one."""


class GameDayView(ObjectView):
    """A suite of graded drills with a scoreboard."""

    status: GameDayStatusName
    """Where it stands."""
    reason: str
    """Why it is there, for programs."""
    message: str
    """Why it is there, for people."""
    suspended: bool
    """No further drill is started."""
    drills: list[GameDayDrillView]
    """Run one after the other."""
    scores: list[DrillScoreView]
    """Every run, in order."""
    passed: int
    """Runs that passed."""
    failed: int
    """Runs that did not."""
    started_at: Timestamp | None
    """When the first drill began."""
    finished_at: Timestamp | None
    """When the last drill ended."""


def game_day_view(day: GameDay) -> GameDayView:
    """As it is shown to whoever may see it."""
    spec, status = day.spec, day.status
    told = next(iter(status.conditions), None)
    return GameDayView.model_validate(
        object_fields(day)
        | {
            "status": GameDayStatusName(snake(status.phase or GameDayPhase.PENDING)),
            "reason": told.reason if told else "",
            "message": told.message if told else "",
            "suspended": spec.suspend,
            "drills": [
                {"name": drill.name, "fault": drill.experiment.fault, "repeats": drill.repeats} for drill in spec.drills
            ],
            "scores": status.scores,
            "passed": status.passed,
            "failed": status.failed,
            "started_at": status.started_at,
            "finished_at": status.finished_at,
        }
    )
