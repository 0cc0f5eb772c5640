"""An incident that only asks for a diagnosis."""

from __future__ import annotations

from typing import Any

import pytest

from incident_crds.base import CONSULTATION, PURPOSE_LABEL, ObjectMeta
from incident_crds.incident import Incident
from incident_operator.domain.planning import decide_next_step, wants_diagnosis

from .factories import NOW
from .test_grading import diagnosed


def consultation(name: str = "ask-1", *, purpose: str = CONSULTATION, **spec: Any) -> Incident:
    """About redis-test, and open."""
    made = Incident.model_validate(
        {
            "spec": {"title": "it is slow", "remediationMode": "Advisory", "affectedSystems": ["redis-test"], **spec},
            "status": {"phase": "Triage", "actionable": True},
        }
    )
    labels = {PURPOSE_LABEL: purpose}
    made.metadata = ObjectMeta(name=name, namespace="drills", uid=f"uid-{name}", resource_version="1", labels=labels)
    return made


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (consultation(), True),
        (consultation(incidentType="Training", affectedSystems=[]), True),
        (consultation(purpose="drill"), False),
        (consultation(signal="memory"), False),
        (consultation(remediationMode="Automated"), False),
        (consultation(remediationMode="Manual"), False),
    ],
)
def test_only_what_asks_and_nothing_else_is_a_consultation(made: Incident, expected: bool) -> None:
    assert made.is_consultation is expected


def test_it_is_diagnosed_at_once_whatever_it_is_about_and_gets_no_plan() -> None:
    report = consultation(incidentType="Training", affectedSystems=[])
    report.status.actionable = False
    assert wants_diagnosis(report)
    assert wants_diagnosis(consultation())
    for made in (report, consultation()):
        made.status.diagnosis = diagnosed()
        assert not wants_diagnosis(made)
        step = decide_next_step(made, [], is_taken=lambda _: False, now=NOW)
        assert (step.propose_attempt, step.escalate, step.look_at) == (None, None, None)
    ordinary = consultation(incidentType="Training", purpose="drill")
    ordinary.status.actionable = False
    assert not wants_diagnosis(ordinary)
