"""No order of events makes two incidents of one breach, moves a card twice for one request, or rewrites a story."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from incident_crds.incident import IncidentPhase, ResolvedReason
from incident_operator.domain import requests
from incident_operator.domain.incidents import decide_resolution
from incident_operator.services import incidents as incidents_module

from .incident_machine import IncidentMachine

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],  # to shrink what it finds takes minutes: the slow test does that
    suppress_health_check=list(HealthCheck),
)


def test_incidents_keep_their_promises_whatever_happens() -> None:
    IncidentMachine.reached.clear()
    run_state_machine_as_test(IncidentMachine, settings=QUICK)
    everywhere = {*IncidentPhase, *ResolvedReason, "relapsed"} - {IncidentPhase.RESOLVED}
    assert everywhere - set(IncidentMachine.reached) == set(), "it has to get everywhere"


@pytest.mark.slow  # the same, with many more examples, and others at each run
@pytest.mark.timeout(900)
def test_incidents_keep_their_promises_whatever_happens_at_length() -> None:
    phases = [Phase.generate, Phase.shrink]
    more = settings(QUICK, derandomize=False, phases=phases, max_examples=500, stateful_step_count=50, print_blob=True)
    run_state_machine_as_test(IncidentMachine, settings=more)


def forgetful(incident: Any, **named: Any) -> Any:
    """An operator that does not look which requests it has handled."""
    status = incident.status.model_copy(update={"handled_requests": []})
    return requests.answer_request(incident.model_copy(update={"status": status}), **named)


def hasty(incident: Any, breaches: Any, plans: Any) -> Any:
    """An operator that believes a plan, whatever is measured."""
    now = incident.status.timestamps.detected_at
    ended = [b.model_copy(update={"ended_at": b.ended_at or now}) for b in breaches]
    return decide_resolution(incident, ended, plans)


@pytest.mark.parametrize(
    ("name", "bug", "says"),
    [
        ("answer_request", forgetful, "a stale request moved a card"),
        ("decide_resolution", hasty, "the operator resolved it while"),
    ],
)
def test_the_machine_finds_a_planted_bug(name: str, bug: Any, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents_module, name, bug)
    quick = settings(QUICK, report_multiple_bugs=False)
    with pytest.raises(AssertionError, match=says):
        run_state_machine_as_test(IncidentMachine, settings=quick)
