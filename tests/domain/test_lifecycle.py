"""What may be broken, when a fault ends, and how an incident moves."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.base import CHAOS_LABEL
from incident_crds.catalogue import FaultType, SignalName
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase, SelectionMode, Selector, Target
from incident_crds.incident import (
    IncidentPhase,
    IncidentType,
    ResolvedReason,
    Timestamps,
)
from incident_crds.mocksystem import Breach, HealthPolicy, MockSystem
from incident_crds.remediationplan import PlanPhase
from incident_operator.domain.incidents import decide_end_with_system, decide_resolution
from incident_operator.domain.lifecycle import EndReason, decide_end, is_harm_since, undo_pause
from incident_operator.domain.measuring import effect_due
from incident_operator.domain.selection import (
    check_hold,
    check_place,
    check_targets,
    deadline_of,
    not_steady,
    select_targets,
)

from .factories import NOW, at, experiment, incident, plan, system

OPEN_NAMESPACE = {CHAOS_LABEL: "enabled"}


def labelled(count: int) -> list[MockSystem]:
    made = []
    for number in range(count):
        one = system(f"redis-{number}")
        one.metadata.labels["tier"] = "cache"
        made.append(one)
    return made


@pytest.mark.parametrize(
    ("mode", "value", "count"),
    [("one", None, 1), ("fixed", 3, 3), ("fixed", 5, 5), ("percent", 1, 1), ("percent", 41, 3), ("all", None, 5)],
)
def test_selection_is_sorted_and_percent_rounds_up(mode: str, value: int | None, count: int) -> None:
    target = Target(selector=Selector(match_labels={"tier": "cache"}), mode=mode, value=value)
    chosen = select_targets(target, list(reversed(labelled(5))))
    assert [s.metadata.name for s in chosen.systems] == [f"redis-{n}" for n in range(count)]


def test_an_empty_selection_says_so() -> None:
    target = Target(selector=Selector(match_labels={"tier": "none"}))
    refusal = select_targets(target, labelled(2)).refusal
    assert refusal is not None
    assert (refusal.reason, "tier=none" in refusal.message) == ("NothingSelected", True)


def protected() -> MockSystem:
    one = system()
    return one.model_copy(update={"spec": one.spec.model_copy(update={"protected": True})})


@pytest.mark.parametrize(
    ("labels", "reason"),
    [({}, "NamespaceNotEnabled"), ({CHAOS_LABEL: "true"}, "NamespaceNotEnabled"), (OPEN_NAMESPACE, None)],
)
def test_where_chaos_is_allowed(labels: dict[str, str], reason: str | None) -> None:
    refusal = check_place(experiment(), namespace_labels=labels)
    assert (refusal.reason if refusal else None) == reason


def test_what_holds_an_experiment_back_says_who_and_why() -> None:
    made = experiment()
    assert check_hold(made, halted=None) is None
    held = check_hold(made, halted="real outage (by sre)")
    assert held is not None
    assert (held.reason, "real outage (by sre)" in held.message) == ("KillSwitch", True)
    made.spec.suspend = True
    suspended = check_hold(made, halted=None)
    assert suspended is not None
    assert suspended.reason == "Suspended"


def test_more_than_there_are_is_not_silently_fewer() -> None:
    target = Target(selector=Selector(match_labels={"tier": "cache"}), mode=SelectionMode.FIXED, value=3)
    refusal = select_targets(target, labelled(2)).refusal
    assert refusal is not None
    assert refusal.reason == "TooFewTargets"
    assert "3 systems are asked for, and 2 carry the labels: redis-0, redis-1" in refusal.message


@pytest.mark.parametrize(
    ("allow", "there", "reason"),
    [
        (False, FaultType.SYSTEM_DOWN, "TargetBusy"),
        (True, FaultType.SYSTEM_DOWN, None),
        (True, FaultType.REDIS_MEMORY, "TargetBusy"),
        (True, None, None),
    ],
)
def test_a_second_fault_on_a_system(allow: bool, there: FaultType | None, reason: str | None) -> None:
    made = experiment()
    made.spec.allow_overlap = allow
    refusal = check_targets(made, [system()], faults_on={"redis-test": {there} if there else set()})
    assert (refusal.reason if refusal else None) == reason


@pytest.mark.parametrize(
    ("target", "busy", "reason"),
    [
        (protected(), set(), "TargetProtected"),
        (system(capabilities={"faults": ["DiskFill"], "remedies": []}), set(), "FaultNotSupported"),
        (system(), {"redis-test"}, "TargetBusy"),
        (system(), {"other"}, None),
    ],
)
def test_which_systems_may_be_broken(target: MockSystem, busy: set[str], reason: str | None) -> None:
    refusal = check_targets(experiment(), [target], faults_on={name: {FaultType.SYSTEM_DOWN} for name in busy})
    assert (refusal.reason if refusal else None) == reason


def active(**spec: Any) -> ChaosExperiment:
    made = experiment(
        phase="Active", expiresAt=at(600).isoformat(), deadlineAt=at(720).isoformat(), startedAt=NOW.isoformat()
    )
    return made.model_copy(update={"spec": made.spec.model_copy(update=spec)})


CALM: dict[str, Any] = {
    "is_ours": True,
    "targets_deleted": False,
    "plan_running": False,
    "halted": None,
    "effect_overdue": False,
    "now": at(10),
}


@pytest.mark.parametrize(
    ("change", "reason", "phase"),
    [
        ({"is_ours": False}, EndReason.OPERATOR_RESTARTED, ExperimentPhase.ABORTED),
        ({"targets_deleted": True}, EndReason.TARGET_DELETED, ExperimentPhase.ABORTED),
        ({"halted": "why"}, EndReason.KILL_SWITCH, ExperimentPhase.ABORTED),
        ({"effect_overdue": True}, EndReason.NO_EFFECT, ExperimentPhase.FAILED),
        ({"now": at(600)}, EndReason.EXPIRED, ExperimentPhase.RECOVERED),
        ({"now": at(720), "plan_running": True}, EndReason.EXPIRED, ExperimentPhase.RECOVERED),
    ],
)
def test_a_fault_ends_for_a_reason(change: dict[str, Any], reason: EndReason, phase: ExperimentPhase) -> None:
    end = decide_end(active(), [], **{**CALM, **change})
    assert end is not None
    assert (end.reason, end.reason.final_phase) == (reason, phase)


def test_a_fault_goes_on_until_then_and_expiry_awaits_a_running_plan() -> None:
    assert decide_end(active(), [], **CALM) is None
    assert decide_end(active(), [], **{**CALM, "now": at(650), "plan_running": True}) is None


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (ResolvedReason.VERIFIED, EndReason.HEALED_BY_PLAN),
        (ResolvedReason.SELF_RECOVERED, EndReason.HEALED_BY_SELF),
        (ResolvedReason.FALSE_ALARM, None),
        (ResolvedReason.MANUAL_OVERRIDE, None),
    ],
)
def test_a_resolved_incident_ends_the_fault_only_if_the_harm_is_over(
    reason: ResolvedReason, expected: EndReason | None
) -> None:
    over = incident(phase=IncidentPhase.RESOLVED, reason=reason)
    end = decide_end(active(), [over], **CALM)
    assert (end.reason if end else None) is expected


def breach(ended: bool) -> Breach:
    return Breach(
        signal=SignalName.MEMORY,
        number=1,
        breached_at=NOW,
        ended_at=at(5) if ended else None,
        incident="redis-test-memory-1",
    )


def test_nothing_is_resolved_while_its_breach_lasts() -> None:
    succeeded = plan(phase=PlanPhase.SUCCEEDED, verified_at=at(9))
    assert decide_resolution(incident(), [breach(False)], [succeeded]) is None
    resolution = decide_resolution(incident(), [breach(True)], [succeeded])
    assert resolution is not None
    assert resolution.reason is ResolvedReason.VERIFIED


def test_harm_that_ends_alone_is_said_to_and_a_running_plan_is_awaited() -> None:
    resolution = decide_resolution(incident(), [breach(True)], [plan(phase=PlanPhase.AWAITING_APPROVAL)])
    assert resolution is not None
    assert resolution.reason is ResolvedReason.SELF_RECOVERED
    assert decide_resolution(incident(), [breach(True)], [plan(phase=PlanPhase.VERIFYING)]) is None


def test_the_deadline_counts_from_the_injection() -> None:
    waited = experiment()
    assert deadline_of(waited, now=at(5000)) == at(5000 + 600 + 30)


def test_undo_pauses_grow_to_half_a_minute() -> None:
    pauses = [undo_pause(n).total_seconds() for n in range(1, 9)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_an_effect_is_awaited_for_as_long_as_its_probes_take() -> None:
    assert effect_due([HealthPolicy(interval_seconds=1)]).total_seconds() == 20
    slow = HealthPolicy(interval_seconds=60, breach_samples=2, timeout_seconds=3)
    assert effect_due([HealthPolicy(), slow]).total_seconds() == 183


@pytest.mark.parametrize(
    ("created", "has_breach", "phase", "ends"),
    [
        (None, False, PlanPhase.AWAITING_APPROVAL, True),
        (9, False, PlanPhase.AWAITING_APPROVAL, True),
        (-60, False, PlanPhase.AWAITING_APPROVAL, False),
        (9, True, PlanPhase.AWAITING_APPROVAL, False),
        (None, False, PlanPhase.EXECUTING, False),
    ],
    ids=["deleted", "made anew", "as it was", "broke again", "a plan runs"],
)
def test_an_incident_ends_with_its_system(
    created: float | None, has_breach: bool, phase: PlanPhase, ends: bool
) -> None:
    found = incident(timestamps=Timestamps(breached_at=at(1), detected_at=at(1)))
    systems = {}
    if created is not None:
        systems["redis-test"] = system()
        systems["redis-test"].metadata.creation_timestamp = at(created)
    breaches = [Breach(signal=SignalName.MEMORY, number=1, breached_at=at(2))] if has_breach else []
    decided = decide_end_with_system(found, breaches, [plan(phase=phase)], systems)
    assert (decided is not None) is ends
    found.spec.incident_type = IncidentType.TRAINING
    assert decide_end_with_system(found, [], [], {}) is None, "nothing was measured"


@pytest.mark.parametrize(
    ("began", "resolved", "breach", "joined", "is_harm"),
    [
        (5, None, None, "", True),
        (1, None, None, "", False),
        (1, None, 6, "redis-test-memory-1", True),
        (1, None, 2, "redis-test-memory-1", False),
        (1, None, 6, "redis-test-clients-1", False),
        (1, 9, 6, "redis-test-memory-1", True),
        (1, 4, 6, "redis-test-memory-1", False),
    ],
    ids=[
        "opened for it",
        "from before",
        "joined",
        "all from before",
        "joined another",
        "over with it",
        "not open again",
    ],
)
def test_harm_may_join_an_incident_that_was_open_before(
    began: float, resolved: float | None, breach: float | None, joined: str, is_harm: bool
) -> None:
    resolved_at = None if resolved is None else at(resolved)
    found = incident(timestamps=Timestamps(breached_at=at(began), resolved_at=resolved_at))
    breaches = []
    if breach is not None:
        breaches = [Breach(signal=SignalName.LATENCY, number=1, breached_at=at(breach), incident=joined)]
    assert is_harm_since(at(3), found, system(breaches=breaches)) is is_harm


@pytest.mark.parametrize(
    ("signal", "ended", "overlap", "waits"),
    [
        (SignalName.MEMORY, None, False, True),
        (SignalName.MEMORY, 9, False, False),
        (SignalName.CLIENTS, None, False, False),
        (SignalName.MEMORY, None, True, False),
    ],
    ids=["breached", "over", "another signal", "allowed"],
)
def test_a_fault_waits_until_its_own_signal_is_sound(
    signal: SignalName, ended: float | None, overlap: bool, waits: bool
) -> None:
    breach = Breach(signal=signal, number=1, breached_at=at(1), ended_at=None if ended is None else at(ended))
    made = experiment()
    made.spec.allow_overlap = overlap
    said = not_steady(made, [system(breaches=[breach])], SignalName.MEMORY)
    assert (said is not None) is waits
    if said is not None:
        assert said.startswith("memory of redis-test is breached already since 12:00:01Z")
