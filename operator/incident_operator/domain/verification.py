"""Did the plan work? Every check must hold, together, for the longest hold window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incident_crds.catalogue import SignalName
from incident_crds.remediationplan import VerificationCheck, VerificationSample
from incident_operator.domain.sample import Sample

WORSE_SAMPLES = 3
"""Samples in a row: a system that restarts is away for one or two."""
WORSE_POINTS = 10


class VerificationState(StrEnum):
    """How far the proof is."""

    WAITING = "Waiting"
    HOLDING = "Holding"
    PROVEN = "Proven"
    TIMED_OUT = "TimedOut"
    WORSE = "Worse"


@dataclass(frozen=True, slots=True)
class VerificationOutcome:
    """The state, since when the checks hold, when they had held long enough, and the measurements."""

    state: VerificationState
    held_since: datetime | None
    verified_at: datetime | None
    samples: tuple[VerificationSample, ...]
    message: str
    next_look: datetime | None = None
    """When a sample would decide."""


def measure_checks(checks: Sequence[VerificationCheck], samples: Sequence[Sample]) -> list[VerificationSample]:
    """Each check judged by its system's samples, oldest first."""
    return [judge_check(check, sample) for sample in samples for check in checks if check.system == sample.system]


def decide_verification(
    checks: Sequence[VerificationCheck],
    samples: Sequence[Sample],
    *,
    before: Sequence[VerificationSample],
    started_at: datetime,
    watched_since: datetime,
    now: datetime,
) -> VerificationOutcome:
    """Judge the samples taken after `started_at`, oldest first. No checks, or no sample, proves nothing.

    A sample of one system leaves the other systems' last verdict standing; an unknown or missing
    signal is not healthy. Between two samples the health is not known, so the window counts from
    sample to sample. `before` is what the checks measured before the plan ran. Time in which nobody
    watched, before `watched_since`, is held against nobody.
    """
    taken = [s for s in samples if s.at >= started_at]
    judged = measure_checks(checks, taken)
    hold = timedelta(seconds=max((c.hold_seconds for c in checks), default=0))
    held_since, latest = _held_since(checks, taken)
    if checks and held_since is not None and latest is not None and latest - held_since >= hold:
        text = f"every check held for {hold.total_seconds():.0f} s"
        return VerificationOutcome(VerificationState.PROVEN, held_since, latest, tuple(judged), text)
    begin = timedelta(seconds=max((c.timeout_seconds for c in checks), default=0))
    if held_since is not None and checks:
        text = f"every check holds since {(now - held_since).total_seconds():.0f} s"
        return VerificationOutcome(
            VerificationState.HOLDING, held_since, None, tuple(judged), text, next_look=held_since + hold
        )
    worse = _worse_than(before, judged)
    if worse is not None:
        return VerificationOutcome(VerificationState.WORSE, None, None, tuple(judged), worse)
    due = max(started_at, watched_since) + begin
    if now >= due:
        failing = ", ".join(sorted({f"{s.system}/{s.signal}" for s in judged[-len(checks) :] if not s.ok}))
        text = f"not healthy within {begin.total_seconds():.0f} s: {failing or 'nothing was measured'}"
        return VerificationOutcome(VerificationState.TIMED_OUT, None, None, tuple(judged), text)
    return VerificationOutcome(VerificationState.WAITING, None, None, tuple(judged), "not healthy yet", next_look=due)


def _worse_than(before: Sequence[VerificationSample], judged: Sequence[VerificationSample]) -> str | None:
    """Which check is clearly and lastingly lower than before the plan ran, and too low; None where none is."""
    for old in before:
        since = [s for s in judged if s.system == old.system and s.signal == old.signal][-WORSE_SAMPLES:]
        lower = [s for s in since if not s.ok and (s.health or 0) < (old.health or 0) - WORSE_POINTS]
        if old.health is not None and len(lower) == WORSE_SAMPLES:
            return f"{old.system}/{old.signal} fell from {old.health} to {lower[-1].health or 0} after the plan"
    return None


def judge_check(check: VerificationCheck, sample: Sample) -> VerificationSample:
    """Whether the sample meets the check. `reachable` is 100 wherever the system was measured at all."""
    signal = sample.signal(check.signal)
    health = signal.health if signal else None
    if check.signal is SignalName.REACHABLE and sample.reachable:
        health = 100
    ok = sample.reachable and health is not None and health >= check.min_health
    return VerificationSample(at=sample.at, system=sample.system, signal=check.signal, health=health, ok=ok)


def _held_since(
    checks: Sequence[VerificationCheck], samples: Sequence[Sample]
) -> tuple[datetime | None, datetime | None]:
    """Since when all systems are healthy without a break, and the latest sample's time."""
    verdicts: dict[str, bool] = {check.system: False for check in checks}
    since: datetime | None = None
    for sample in samples:
        if sample.system not in verdicts:
            continue
        verdicts[sample.system] = all(judge_check(c, sample).ok for c in checks if c.system == sample.system)
        if not all(verdicts.values()):
            since = None
        elif since is None:
            since = sample.at
    return since, samples[-1].at if samples else None
