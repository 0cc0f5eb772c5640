"""Gauges say what is, as of the scrape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from incident_crds.base import Resource, set_condition
from incident_crds.catalogue import Severity
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import IncidentPhase, Timestamps
from incident_crds.remediationplan import PlanPhase
from incident_operator import metrics
from incident_operator.cluster.store import Store
from incident_operator.domain.sample import Sample
from incident_operator.services.gauges import Gauges
from incident_operator.services.samples import Samples

from ..domain.factories import incident, plan, system


@pytest.fixture
def store() -> Store:
    return Store(cast("ApiClient", None))


@pytest.fixture
def samples() -> Samples:
    return Samples()


@pytest.fixture
def gauges(store: Store, samples: Samples) -> Gauges:
    return Gauges(store, samples, {})


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(f"incidentsim_{name}", labels)


def put(store: Store, *objects: Resource) -> None:
    for obj in objects:
        store.put(type(obj), obj)


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_open_incidents_by_phase_and_severity_and_the_age_of_the_oldest(store: Store, gauges: Gauges) -> None:
    now = datetime.now(UTC)
    called = set_condition([], "Escalated", True, reason="PersonNeeded", message="", now=now, generation=1)
    put(
        store,
        incident("a", severity=Severity.P1, timestamps=Timestamps(detected_at=ago(100)), conditions=called),
        incident("b", severity=Severity.P1, timestamps=Timestamps(detected_at=ago(5))),
        incident("c", severity=Severity.P0, phase=IncidentPhase.RESOLVED, timestamps=Timestamps(detected_at=ago(900))),
    )
    gauges.refresh()
    assert value("incidents_open", phase="Investigating", severity="P1") == 2
    assert value("incidents_open", phase="Investigating", severity="P0") == 0
    assert value("incidents_escalated") == 1
    assert value("incident_oldest_open_seconds", severity="P1") == pytest.approx(100, abs=5)
    assert value("incident_oldest_open_seconds", severity="P0") == 0


def test_a_plan_that_waits_is_as_old_as_its_proposal(store: Store, gauges: Gauges) -> None:
    waiting = set_condition([], "Approved", None, reason="AwaitingApproval", message="", now=ago(60), generation=1)
    put(store, plan(phase=PlanPhase.AWAITING_APPROVAL, conditions=waiting))
    gauges.refresh()
    assert value("plans", phase="AwaitingApproval") == 1
    assert value("plan_oldest_wait_seconds") == pytest.approx(60, abs=5)


@pytest.mark.parametrize(("deadline", "overdue"), [(-10, 1), (60, 0)])
def test_a_fault_past_its_deadline_is_overdue(store: Store, gauges: Gauges, deadline: float, overdue: int) -> None:
    raw = {
        "metadata": {"name": "run", "namespace": "drills", "uid": "u"},
        "spec": {"target": {"systemRef": {"name": "redis-test"}}, "fault": {"type": "RedisMemory", "redisMemory": {}}},
        "status": {"phase": "Recovering", "deadlineAt": ago(-deadline).isoformat()},
    }
    put(store, ChaosExperiment.parse(raw))
    gauges.refresh()
    assert value("faults_active", fault="RedisMemory") == 1
    assert value("faults_overdue") == overdue


def test_probe_age_is_of_the_system_that_was_left_alone_longest(store: Store, samples: Samples, gauges: Gauges) -> None:
    put(store, system("one"), system("two"), system("waits", phase="Pending"))
    for name, seconds in (("one", 2), ("two", 40)):
        samples.add(Sample("drills", name, "uid-system", ago(seconds), (), True))
    gauges.refresh()
    assert value("probe_age_seconds", type="Redis") == pytest.approx(40, abs=5)
    assert value("systems", type="Redis", phase="Ready") == 2
    assert value("systems", type="Redis", phase="Pending") == 1
