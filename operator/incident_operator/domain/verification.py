"""Did the plan work? Every check must hold, together, for the longest hold window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incident_crds.remediationplan import VerificationCheck, VerificationSample
from incident_operator.domain.sample import Sample


class VerificationState(StrEnum):
    """How far the proof is."""

    WAITING = "Waiting"
    HOLDING = "Holding"
    PROVEN = "Proven"
    TIMED_OUT = "TimedOut"


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


def decide_verification(
    checks: Sequence[VerificationCheck], samples: Sequence[Sample], *, started_at: datetime, now: datetime
) -> VerificationOutcome:
    """Judge the samples taken after `started_at`, oldest first. No checks, or no sample, proves nothing.

    A sample of one system leaves the other systems' last verdict standing; an unknown or missing
    signal is not healthy. Between two samples the health is not known, so the window counts from
    sample to sample.
    """
    taken = [s for s in samples if s.at >= started_at]
    judged = [_judge(check, sample) for sample in taken for check in checks if check.system == sample.system]
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
    if now - started_at >= begin:
        failing = ", ".join(sorted({f"{s.system}/{s.signal}" for s in judged[-len(checks) :] if not s.ok}))
        text = f"not healthy within {begin.total_seconds():.0f} s: {failing or 'nothing was measured'}"
        return VerificationOutcome(VerificationState.TIMED_OUT, None, None, tuple(judged), text)
    return VerificationOutcome(
        VerificationState.WAITING, None, None, tuple(judged), "not healthy yet", next_look=started_at + begin
    )


def _judge(check: VerificationCheck, sample: Sample) -> VerificationSample:
    signal = sample.signal(check.signal)
    health = signal.health if signal else None
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
        verdicts[sample.system] = all(_judge(c, sample).ok for c in checks if c.system == sample.system)
        if not all(verdicts.values()):
            since = None
        elif since is None:
            since = sample.at
    return since, samples[-1].at if samples else None
