"""A plan that did harm calls a person, whatever else goes on."""

from __future__ import annotations

from typing import cast

from incident_crds.base import is_true
from incident_crds.catalogue import SignalName
from incident_crds.client import ApiClient
from incident_crds.diagnosis import EvidenceDocument
from incident_crds.incident import Incident
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import Decision, PlanPhase, RemediationPlan
from incident_operator.cluster.store import Store

from ..domain.factories import NOW, at, incident, plan, system
from ..domain.test_grading import diagnosed
from .test_consultations import Clerk, Server, desk


async def test_a_person_is_called_while_the_cause_is_looked_for_again() -> None:
    """Else nobody would be, where the system comes back meanwhile."""
    server, clerk = Server(), Clerk()
    store = Store(cast("ApiClient", server))
    evidence = EvidenceDocument(system="redis-test", threshold_percent=50, collected_at=at(1))
    found = incident(diagnosis=diagnosed(), evidence=evidence, diagnosis_asked_at=at(9))
    found.metadata.resource_version = "1"
    server.holds(store, found)
    breach = Breach(signal=SignalName.MEMORY, number=1, breached_at=NOW, incident=found.metadata.name)
    store.put(MockSystem, system(breaches=[breach]))
    decision = Decision(approved=True, by="sre", at=at(2), plan_hash="x")
    harmful = plan(phase=PlanPhase.FAILED, reason="WorseThanBefore", message="it is down", decision=decision)
    store.put(RemediationPlan, harmful)
    await desk(store, clerk).reconcile(found.key)
    now = server.known[found.metadata.name]
    assert isinstance(now, Incident)
    assert is_true(now.status.conditions, "Escalated")
    assert clerk.events == ["Escalated"]
