"""A recovery is proven by measurements over a window, or it is not proven."""

from __future__ import annotations

from incident_crds.catalogue import SignalName
from incident_crds.remediationplan import VerificationCheck
from incident_operator.domain.sample import Sample
from incident_operator.domain.verification import VerificationOutcome, VerificationState, decide_verification

from .factories import NOW, at, sample

CHECKS = [
    VerificationCheck(system="redis-test", signal=SignalName.MEMORY, hold_seconds=5, timeout_seconds=30),
    VerificationCheck(system="redis-test", signal=SignalName.CANARY, hold_seconds=5, timeout_seconds=30),
]


def judge(*samples: Sample, now: float) -> VerificationOutcome:
    return decide_verification(CHECKS, samples, started_at=NOW, now=at(now))


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
    outcome = decide_verification([], [healthy(0), healthy(9)], started_at=NOW, now=at(9))
    assert outcome.state is VerificationState.TIMED_OUT
    assert judge(now=30).state is VerificationState.TIMED_OUT


def test_another_system_does_not_vouch_for_this_one() -> None:
    other = [sample(s, system="other", memory=90, canary=100) for s in range(7)]
    assert judge(*other, now=6).state is VerificationState.WAITING
