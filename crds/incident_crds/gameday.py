"""GameDay: a suite of drills and its scoreboard."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from incident_crds.base import (
    Column,
    Conditions,
    KindInfo,
    Model,
    Name,
    Resource,
    ShortText,
    StatusModel,
    Timestamp,
)
from incident_crds.catalogue import ActionType
from incident_crds.chaosexperiment import ChaosExperimentSpec
from incident_crds.report import DrillReport


class GameDayPhase(StrEnum):
    """Where the suite stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    FINISHED = "Finished"
    ABORTED = "Aborted"


class GameDayDrill(Model):
    """One drill of the suite, with its answer key."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Unique in the suite."""
    experiment: ChaosExperimentSpec
    """What is broken; the expected cause follows from it."""
    acceptable_actions: Annotated[list[ActionType], Field(max_length=16)] = Field(default_factory=list)
    """Actions that count as right; those that fit the fault where empty."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """Times it is run."""


class GameDaySpec(Model):
    """Which drills, in which order."""

    drills: Annotated[
        list[GameDayDrill],
        Field(
            min_length=1,
            max_length=20,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ]
    """The drills, run one after the other."""
    suspend: bool = False
    """Start no further drill while true."""


class DrillScore(StatusModel):
    """How one run of a drill went."""

    drill: ShortText
    """Name of the drill."""
    run: Annotated[int, Field(ge=1)] = 1
    """Which repeat."""
    experiment: Name
    """The experiment."""
    report: DrillReport | None = None
    """Its graded report, once there is one."""


class GameDayStatus(StatusModel):
    """The scoreboard."""

    phase: GameDayPhase | None = None
    """Where the suite stands."""
    scores: Annotated[list[DrillScore], Field(max_length=400)] = Field(default_factory=list)
    """Every run, in order."""
    passed: Annotated[int, Field(ge=0)] = 0
    """Runs that passed."""
    failed: Annotated[int, Field(ge=0)] = 0
    """Runs that did not."""
    started_at: Timestamp | None = None
    """When the first drill began."""
    finished_at: Timestamp | None = None
    """When the last drill ended."""
    observed_generation: int | None = None
    """The metadata.generation that this status is about."""
    conditions: Conditions = Field(default_factory=list)
    """Finished."""


class GameDay(Resource):
    """A suite of graded drills with a scoreboard."""

    info: ClassVar[KindInfo] = KindInfo(
        kind="GameDay",
        plural="gamedays",
        singular="gameday",
        short_names=("gday",),
        columns=(
            Column("Phase", ".status.phase"),
            Column("Passed", ".status.passed", "integer"),
            Column("Failed", ".status.failed", "integer"),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )

    spec: GameDaySpec
    """Which drills, in which order."""
    status: GameDayStatus = Field(default_factory=GameDayStatus)
    """The scoreboard."""
