"""When a schedule makes its next experiment, why it makes none this time, and which finished ones it lets go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incident_crds.base import DRILL_LABEL, SCHEDULE_LABEL, ObjectMeta
from incident_crds.chaosexperiment import (
    ChaosExperiment,
    ChaosExperimentSpec,
    ChaosExperimentStatus,
    ExperimentPhase,
    ScheduleStatus,
)
from incident_operator.domain.approval import Refusal
from incident_operator.domain.cron import Cron, CronError, parse_cron

LATEST = timedelta(seconds=60)
"""A firing that is further back was missed: it is not made up for, or a fault would come when nobody expects it."""
LONGEST_NAME = 50
"""With the firing's time behind it the name of a child is then at most a label's 63 characters."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A firing that makes nothing, and why."""

    at: datetime
    why: Refusal


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do now: make the child of `fire_at`, or note the skip; and what goes with it."""

    next_fire_at: datetime | None
    fire_at: datetime | None = None
    skip: Skip | None = None
    active_child: str = ""
    finished: tuple[ChaosExperiment, ...] = ()
    """Children beyond the history limit, oldest first."""


def check_schedule(experiment: ChaosExperiment, *, now: datetime) -> Refusal | None:
    """Why the schedule can never work, or None where it can."""
    name = experiment.metadata.name
    if len(name) > LONGEST_NAME:
        text = f"the name of an experiment with a schedule has at most {LONGEST_NAME} characters, and {name} has"
        return Refusal("NameTooLong", f"{text} {len(name)}; create it with a shorter one")
    try:
        parse_cron(experiment.spec.schedule or "", now=now)
    except CronError as error:
        return Refusal("ScheduleInvalid", f"spec.schedule: {error}; create the experiment anew with a correct one")
    return None


def decide_turn(
    parent: ChaosExperiment, children: Sequence[ChaosExperiment], *, halted: str | None, now: datetime
) -> Turn:
    """Raises CronError where `check_schedule` would refuse. A firing is decided on once, and late only by LATEST."""
    cron = parse_cron(parent.spec.schedule or "", now=now)
    known = parent.status.schedule or ScheduleStatus()
    active = next((c for c in children if not _is_over(c)), None)
    turn = Turn(
        next_fire_at=cron.next_after(now),
        active_child=active.metadata.name if active else "",
        finished=_beyond(children, parent.spec.history_limit),
    )
    due = _due(cron, since=_decided_until(parent, known), now=now)
    if due is None:
        return _with_missed(turn, known, now=now)
    why = _obstacle(parent, active, halted)
    if why is None:
        return _replace(turn, fire_at=due)
    return _replace(turn, skip=Skip(due, why))


def _replace(turn: Turn, *, fire_at: datetime | None = None, skip: Skip | None = None) -> Turn:
    return Turn(turn.next_fire_at, fire_at, skip, turn.active_child, turn.finished)


def _decided_until(parent: ChaosExperiment, known: ScheduleStatus) -> datetime | None:
    moments = (parent.metadata.creation_timestamp, known.last_fire_at, known.skipped_at)
    return max((m for m in moments if m is not None), default=None)


def _due(cron: Cron, *, since: datetime | None, now: datetime) -> datetime | None:
    """The latest firing that is neither decided on nor too long ago."""
    moment = now - LATEST - timedelta(microseconds=1)
    moment = moment if since is None else max(moment, since)
    due = None
    while (following := cron.next_after(moment)) is not None and following <= now:
        due = moment = following
    return due


def _with_missed(turn: Turn, known: ScheduleStatus, *, now: datetime) -> Turn:
    """A firing that was announced, and whose time went by with nobody there: said once."""
    announced = known.next_fire_at
    if announced is None or announced >= now - LATEST:
        return turn
    text = f"the firing of {_clock(announced)} was missed, as no operator was there; it is not made up for"
    return _replace(turn, skip=Skip(announced, Refusal("Missed", text)))


def _obstacle(parent: ChaosExperiment, active: ChaosExperiment | None, halted: str | None) -> Refusal | None:
    if parent.spec.suspend:
        return Refusal("Suspended", "spec.suspend is true")
    if halted is not None:
        return Refusal("KillSwitch", f"the kill switch is on: {halted}")
    if active is not None:
        phase = active.status.phase or ExperimentPhase.PENDING
        return Refusal("ChildActive", f"{active.metadata.name} is still {phase}")
    return None


def _is_over(child: ChaosExperiment) -> bool:
    return child.status.phase is not None and child.status.phase.is_final


def _beyond(children: Sequence[ChaosExperiment], limit: int) -> tuple[ChaosExperiment, ...]:
    """Of the finished ones all but the newest. One that is still to be graded stays until it is."""
    over = sorted((c for c in children if _is_over(c)), key=lambda c: c.metadata.name)  # it ends with the firing's time
    settled = [c for c in over[: max(0, len(over) - limit)] if c.status.grade or c.status.recovered_at is None]
    return tuple(c for c in settled if c.metadata.deletion_timestamp is None)


def child_name(parent: ChaosExperiment, fire_at: datetime) -> str:
    """Follows from the firing: whoever makes it twice makes it once."""
    return f"{parent.metadata.name}-{fire_at:%Y%m%d%H%M}"


def build_child(parent: ChaosExperiment, fire_at: datetime) -> ChaosExperiment:
    """The experiment of one firing. It goes with its parent, its fault undone first."""
    metadata = parent.metadata
    owner = {
        "apiVersion": parent.info.api_version,
        "kind": parent.info.kind,
        "name": metadata.name,
        "uid": metadata.uid,
        "controller": True,
    }
    labels = {key: value for key, value in metadata.labels.items() if key == DRILL_LABEL}
    spec: ChaosExperimentSpec = parent.spec.model_copy(update={"schedule": None, "suspend": False})
    return ChaosExperiment(
        metadata=ObjectMeta(
            name=child_name(parent, fire_at),
            namespace=metadata.namespace,
            labels={**labels, SCHEDULE_LABEL: metadata.name},
            owner_references=[owner],
        ),
        spec=spec,
    )


def is_child_of(child: ChaosExperiment, parent: ChaosExperiment) -> bool:
    """Whether this very parent made it, and no namesake."""
    return any(owner.get("uid") == parent.metadata.uid for owner in child.metadata.owner_references)


def scheduled_status(parent: ChaosExperiment, turn: Turn, *, made: str) -> ChaosExperimentStatus:
    """The parent's status after the turn; `made` is the child's name where one was made."""
    known = parent.status.schedule or ScheduleStatus()
    update: dict[str, object] = {"next_fire_at": turn.next_fire_at, "active_child": made or turn.active_child}
    if turn.fire_at is not None and made:
        update |= {"last_fire_at": turn.fire_at, "last_child": made}
    if turn.skip is not None:
        update |= {
            "skipped_at": turn.skip.at,
            "skipped_reason": turn.skip.why.reason,
            "skipped_message": turn.skip.why.message[:4096],
        }
    message = f"fires next at {_clock(turn.next_fire_at)}" if turn.next_fire_at else "does not fire again"
    if parent.spec.suspend:
        message = "spec.suspend is true: its firings make nothing until that is lifted"
    return parent.status.model_copy(
        update={
            "phase": ExperimentPhase.SCHEDULED,
            "reason": "Suspended" if parent.spec.suspend else "Scheduled",
            "message": message,
            "observed_generation": parent.metadata.generation,
            "schedule": known.model_copy(update=update),
        }
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
