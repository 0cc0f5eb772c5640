"""A recovery is proven by measurements over a window, or it is not proven."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from incident_crds.catalogue import SignalName
from incident_crds.remediationplan import VerificationCheck, VerificationSample
from incident_operator.domain.sample import Sample
from incident_operator.domain.verification import VerificationOutcome, VerificationState, decide_verification

from .factories import NOW, at, sample

CHECKS = [
    VerificationCheck(system="redis-test", signal=SignalName.MEMORY, hold_seconds=5, timeout_seconds=30),
    VerificationCheck(system="redis-test", signal=SignalName.CANARY, hold_seconds=5, timeout_seconds=30),
]


def judge(
    *samples: Sample, now: float, watched: float = -60, before: Sequence[VerificationSample] = ()
) -> VerificationOutcome:
    return decide_verification(CHECKS, samples, before=before, started_at=NOW, watched_since=at(watched), now=at(now))


def healthy(second: float) -> Sample:
    return sample(second, memory=90, canary=100)


def test_proven_once_every_check_held_for_the_window() -> None:
    outcome = judge(*(healthy(s) for s in range(6)), now=5)
    assert outcome.state is VerificationState.PROVEN
    assert (outcome.held_since, outcome.verified_at) == (at(0), at(5))


def test_time_without_a_sample_proves_nothing() -> None:
    assert judge(healthy(0), now=25).state is VerificationState.HOLDING


def test_a_dip_starts_the_window_anew() -> None:
    outcome = judge(healthy(0), healthy(3), sample(4, memory=40, canary=100), healthy(5), healthy(9), now=9)
    assert outcome.state is VerificationState.HOLDING
    assert outcome.held_since == at(5)


def test_one_unhealthy_check_is_enough_to_fail() -> None:
    bad = [sample(s, memory=90, canary=0) for s in range(31)]
    outcome = judge(*bad, now=30)
    assert outcome.state is VerificationState.TIMED_OUT
    assert "redis-test/canary" in outcome.message


def test_an_unknown_or_missing_signal_is_not_healthy() -> None:
    assert judge(*(sample(s, memory=90, canary=None) for s in range(7)), now=6).state is VerificationState.WAITING
    assert judge(*(sample(s, memory=90) for s in range(7)), now=6).state is VerificationState.WAITING


def test_an_unreachable_system_is_not_healthy() -> None:
    gone = [sample(s, reachable=False, memory=90, canary=100) for s in range(7)]
    assert judge(*gone, now=6).state is VerificationState.WAITING


def test_samples_from_before_the_fix_do_not_count() -> None:
    assert judge(*(healthy(s) for s in range(-10, 0)), now=1).state is VerificationState.WAITING


def test_no_check_and_no_sample_prove_nothing() -> None:
    outcome = decide_verification([], [healthy(0), healthy(9)], before=(), started_at=NOW, watched_since=NOW, now=at(9))
    assert outcome.state is VerificationState.TIMED_OUT
    assert judge(now=30).state is VerificationState.TIMED_OUT


def test_another_system_does_not_vouch_for_this_one() -> None:
    other = [sample(s, system="other", memory=90, canary=100) for s in range(7)]
    assert judge(*other, now=6).state is VerificationState.WAITING


def test_time_in_which_nobody_watched_is_held_against_nobody() -> None:
    assert judge(now=40, watched=38).state is VerificationState.WAITING
    assert judge(now=68, watched=38).state is VerificationState.TIMED_OUT


def measured(memory: int | None, canary: int | None) -> list[VerificationSample]:
    values = {SignalName.MEMORY: memory, SignalName.CANARY: canary}
    return [
        VerificationSample(at=at(-1), system="redis-test", signal=signal, health=health)
        for signal, health in values.items()
    ]


@pytest.mark.parametrize(
    ("canaries", "state"),
    [
        ((0, 0, 0), VerificationState.WORSE),
        ((100, 0, 0), VerificationState.WAITING),
        ((0, 0, 100), VerificationState.WAITING),
        ((None, None, None), VerificationState.WORSE),
    ],
)
def test_what_was_healthy_before_and_is_not_now_is_worse(
    canaries: tuple[int | None, ...], state: VerificationState
) -> None:
    after = [sample(n, memory=9, canary=health) for n, health in enumerate(canaries)]
    assert judge(*after, now=3, before=measured(9, 100)).state is state


def test_what_stays_as_bad_as_it_was_is_not_worse() -> None:
    after = [sample(n, memory=5, canary=0) for n in range(5)]
    assert judge(*after, now=5, before=measured(9, 0)).state is VerificationState.WAITING
    assert judge(*after, now=5, before=measured(None, None)).state is VerificationState.WAITING


def test_a_system_that_answers_is_reachable() -> None:
    checks = [VerificationCheck(system="redis-test", signal=SignalName.REACHABLE, hold_seconds=1)]
    answers = [sample(0, canary=100), sample(1, canary=100)]
    outcome = decide_verification(checks, answers, before=(), started_at=NOW, watched_since=NOW, now=at(1))
    assert outcome.state is VerificationState.PROVEN
    gone = [sample(n, reachable=False) for n in range(3)]
    outcome = decide_verification(checks, gone, before=(), started_at=NOW, watched_since=NOW, now=at(2))
    assert outcome.state is VerificationState.WAITING
