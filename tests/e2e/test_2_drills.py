"""Every drill on running pods, approved by kubectl as a bound approver, and graded."""

from __future__ import annotations

import pytest

from .cluster import Refused, names, wait_for
from .release import (
    APPROVER,
    DRILLS,
    NOBODY,
    RESPONDER,
    SCENARIOS,
    VIEWER,
    Journal,
    annotate,
    graded,
    start,
    systems_healthy,
    waiting_plan,
)

HEALS_ITSELF = {"pod-kill"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_drill_passes(scenario: str, journal: Journal) -> None:
    systems_healthy()
    experiment = start(scenario)
    if scenario not in HEALS_ITSELF:
        plan = wait_for(lambda: waiting_plan(experiment), f"a plan for {scenario}", 120)
        annotate(plan, APPROVER)
    report = graded(experiment)
    grade, took = report["grade"], report["durations"]
    journal.note(
        f"{scenario}: {'passed' if grade['passed'] else 'NOT PASSED'}, detected after {took.get('detect')} s,"
        f" {took.get('total')} s in all, of which the machine {took.get('machine')} s"
    )
    assert grade["passed"], report
    assert (grade["residue"], grade["collateral"]) == (0, 0)
    if scenario not in HEALS_ITSELF:
        assert report["plan"]["approvedBy"] == APPROVER


def test_everyone_else_is_refused_with_the_reason() -> None:
    systems_healthy()
    experiment = start("redis-memory")
    plan = wait_for(lambda: waiting_plan(experiment), "a plan", 120)
    for user, reason in ((VIEWER, "forbidden"), (NOBODY, "forbidden"), (RESPONDER, "incidentsim-approver")):
        with pytest.raises(Refused, match=reason):
            annotate(plan, user)
    with pytest.raises(Refused, match="in your own name"):
        annotate(plan, APPROVER, by=VIEWER)
    assert names("remediationplan", DRILLS)
    annotate(plan, APPROVER)
    assert graded(experiment)["grade"]["passed"]
