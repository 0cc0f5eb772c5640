"""What the person who watches is told: each fact once, and text from a system without its tricks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.incident import Incident
from incident_crds.remediationplan import RemediationPlan
from incident_crds.report import DrillReport
from incident_local.narration import Narrator, experiment_facts, incident_facts, plan_facts
from incident_local.timeline import render_report

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


def experiment(**status: Any) -> ChaosExperiment:
    spec = {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": "RedisMemory", "redisMemory": {}}}
    return ChaosExperiment.parse({"metadata": {"name": "x", "namespace": "drills"}, "spec": spec, "status": status})


def plan(**status: Any) -> RemediationPlan:
    spec = {
        "incidentRef": "i",
        "actions": [
            {"id": "a", "type": "RedisEvictPrefix", "system": "redis-test", "params": {"prefix": "session:\x1b[2Jab:"}}
        ],
        "verification": [{"system": "redis-test", "signal": "memory"}],
    }
    return RemediationPlan.parse({"metadata": {"name": "p"}, "spec": spec, "status": status})


def texts(facts: Any) -> list[str]:
    return [fact.text for fact in facts]


def test_experiment_from_injection_to_grade() -> None:
    done = experiment(
        phase="Recovered",
        startedAt=at(0),
        injectedAt=at(1),
        recoveredAt=at(9),
        healedBy="plan",
        targets=[{"system": "redis-test", "uid": "u", "residue": 0, "undo": {"tag": "t", "deadMan": "keys expire"}}],
        baseline=[{"system": "redis-test", "signal": "memory", "health": 98, "at": at(0)}],
        observedEffect=[{"system": "redis-test", "signal": "memory", "health": 8, "at": at(2)}],
        grade={"experiment": "x", "grade": {"passed": True}},
    )
    assert texts(experiment_facts(done)) == [
        "injecting RedisMemory into redis-test",
        "injected; dead-man: keys expire",
        "effect measured: redis-test memory 98 -> 8",
        "harm ended by plan",
        "fault undone, residue 0",
        "graded: passed",
    ]


@pytest.mark.parametrize("phase", ["Rejected", "Failed", "Aborted"])
def test_experiment_that_ended_badly_says_why(phase: str) -> None:
    ended = experiment(phase=phase, reason="SystemProtected", message="redis-test is protected")
    assert texts(experiment_facts(ended)) == [f"experiment {phase}: SystemProtected: redis-test is protected"]


def test_a_fact_is_told_once_and_a_relapse_anew() -> None:
    narrator = Narrator()
    raw: dict[str, Any] = {
        "metadata": {"name": "i"},
        "spec": {"title": "memory is low"},
        "status": {"number": "INC-0001", "severity": "P1", "timestamps": {"breachedAt": at(1), "detectedAt": at(1)}},
    }
    assert texts(narrator.news(incident_facts(Incident.parse(raw)))) == [
        "breach detected",
        "incident INC-0001 P1: memory is low",
    ]
    assert narrator.news(incident_facts(Incident.parse(raw))) == []
    raw["status"]["relapses"] = 1
    assert len(narrator.news(incident_facts(Incident.parse(raw)))) == 2


@pytest.mark.parametrize(("succeeded", "verdict"), [(True, "taken back"), (False, "NOT taken back")])
def test_what_was_taken_back_is_told(succeeded: bool, verdict: str) -> None:
    back = {"startedAt": at(3), "endedAt": at(4), "succeeded": succeeded, "output": "set timeout back to 0"}
    result = {"id": "a", "type": "RedisResetConfig", "startedAt": at(1), "rolledBack": back}
    taken_back = plan(phase="Verifying", actionResults=[result])
    assert texts(plan_facts(taken_back)) == [f"RedisResetConfig: {verdict}: set timeout back to 0"]


def test_plan_from_proposal_to_proof() -> None:
    done = plan(
        phase="Succeeded",
        planHash="abc",
        risk="Low",
        decision={"approved": True, "by": "sre", "at": at(1)},
        actionResults=[
            {
                "id": "a",
                "type": "RedisEvictPrefix",
                "startedAt": at(1),
                "endedAt": at(2),
                "succeeded": True,
                "output": "deleted 3 keys",
                "before": {"keys": 8, "same": 1},
                "after": {"keys": 5, "same": 1},
            }
        ],
        verificationSamples=[
            {"at": at(3), "system": "redis-test", "signal": "memory", "health": 98, "ok": True},
            {"at": at(3), "system": "redis-test", "signal": "canary", "ok": False},
        ],
        verifiedAt=at(8),
    )
    assert texts(plan_facts(done)) == [
        "plan p: RedisEvictPrefix on redis-test (prefix=session:?[2Jab:); risk Low; hash abc",
        "approved by sre",
        "RedisEvictPrefix: deleted 3 keys; keys 8 -> 5",
        "verifying: memory 98, canary unknown (too low)",
        "recovery held for the whole window",
    ]


def test_rejected_plan() -> None:
    rejected = plan(phase="Rejected", reason="ByPerson", message="too risky",
                    decision={"approved": False, "by": "sre", "at": at(1), "reason": "too risky"})  # fmt: skip
    assert texts(plan_facts(rejected)) == ["rejected by sre: too risky", "plan p Rejected: ByPerson: too risky"]


def test_report_golden() -> None:
    report = DrillReport.model_validate(
        {
            "drill": "redis-memory",
            "experiment": "redis-memory-abc",
            "incident": {"name": "i", "number": "INC-0001", "phase": "Resolved", "reason": "Verified"},
            "diagnosis": {"provider": "rules", "system": "redis-test", "faultType": "RedisMemory", "correct": True},
            "plan": {"name": "p", "approvedBy": "sre", "actions": ["RedisEvictPrefix"]},
            "grade": {"detected": True, "causeCorrect": True, "actionCorrect": True, "verified": True, "passed": True},
            "durations": {"detect": 0.5, "diagnose": 0.1, "propose": 0.1, "approve": 0.3, "execute": 0.2,
                          "verify": 5.1, "hold": 5.0, "total": 6.3, "machine": 1.0},
        }
    )  # fmt: skip
    assert render_report(report).splitlines() == [
        "redis-memory: PASSED",
        "  incident    INC-0001 Resolved Verified",
        "  diagnosis   RedisMemory on redis-test, by rules",
        "  plan        p: RedisEvictPrefix, approved by sre",
        "  grade       detected yes, cause right yes, action right yes, verified yes, residue 0, collateral 0",
        "  detect         0.50 s   at    0.50 s",
        "  diagnose       0.10 s   at    0.60 s",
        "  propose        0.10 s   at    0.70 s",
        "  approve        0.30 s   at    1.00 s   the person's time",
        "  execute        0.20 s   at    1.20 s",
        "  verify         5.10 s   at    6.30 s   of it 5.00 s hold window",
        "  resolve        not reached",
        "  total          6.30 s",
        "  machine        1.00 s   total less the person's time and the hold window",
    ]
