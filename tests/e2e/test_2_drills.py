"""Every drill on running pods, approved by kubectl as a bound approver, and graded."""

from __future__ import annotations

import json
from urllib.error import HTTPError

import pytest

from .cluster import Refused, get, kubectl, names, wait_for
from .forwarding import ask, forwarded, token
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
    status,
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


def test_a_schedule_makes_a_child_and_lets_it_go() -> None:
    """Of itself, at the next minute. A dry run, as what is proven here is the operator's rights."""
    parent = start("redis-memory", schedule="* * * * *", historyLimit=0, dryRun=True)
    child = wait_for(
        lambda: status("chaosexperiment", parent).get("schedule", {}).get("lastChild") or None, "a firing", 120
    )
    assert child.startswith(f"{parent}-")
    wait_for(lambda: get("chaosexperiment", child, DRILLS) is None, "the finished child being let go", 60)
    kubectl("delete", "chaosexperiment", parent, "--namespace", DRILLS)


def _last_child(parent: str) -> str | None:
    name: str = status("chaosexperiment", parent).get("schedule", {}).get("lastChild", "")
    return name or None


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


def test_the_board_lets_an_approver_decide_and_a_viewer_only_look() -> None:
    """Through a forwarded port, with tokens as people get them."""
    systems_healthy()
    experiment = start("disk-full")
    plan = wait_for(lambda: waiting_plan(experiment), "a plan", 120)
    path, hash = f"/api/v1/agent/approve/{plan['metadata']['uid']}", plan["status"]["planHash"]
    with forwarded("service/incident-api", 80) as port:
        assert "<!doctype html" in ask(port, "/").lower()
        assert experiment in ask(port, "/api/v1/experiments", token("viewer"))
        body = json.dumps({"plan_hash": hash}).encode()
        with pytest.raises(HTTPError) as refused:
            ask(port, path, token("viewer"), body)
        assert refused.value.code == 403
        refused.value.close()
        ask(port, path, token("approver"), body)
    report = graded(experiment)
    assert report["grade"]["passed"]
    assert report["plan"]["approvedBy"] == APPROVER
