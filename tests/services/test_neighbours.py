"""Which incident of another system a breach may join."""

from __future__ import annotations

from typing import cast

import pytest

from incident_crds.catalogue import SignalName
from incident_crds.client import ApiClient
from incident_crds.incident import Incident, IncidentPhase, ResolvedReason
from incident_crds.mocksystem import Breach, MockSystem
from incident_operator.cluster.store import Store
from incident_operator.services.neighbours import shared_incident

from ..domain.factories import at, incident, system

NAME = "redis-test-latency-1"


@pytest.mark.parametrize(
    ("reason", "joins"), [(None, True), (ResolvedReason.VERIFIED, True), (ResolvedReason.MANUAL_OVERRIDE, False)]
)
def test_what_a_relapse_opens_again_in_a_moment_may_be_joined(reason: ResolvedReason | None, joins: bool) -> None:
    store = Store(cast("ApiClient", None))
    redis, postgres = system("redis-test"), system("postgres-test")
    postgres.spec.depends_on = ["redis-test"]
    redis.status.breaches = [Breach(signal=SignalName.LATENCY, number=2, breached_at=at(10), incident=NAME)]
    for made in (redis, postgres):
        store.put(MockSystem, made)
    phase = IncidentPhase.RESOLVED if reason else IncidentPhase.FIXING
    store.put(Incident, incident(NAME, phase=phase, reason=reason))
    breach = Breach(signal=SignalName.CONNECTIONS, number=1, breached_at=at(10))
    found = shared_incident(store, postgres, breach, now=at(11))
    assert (found.incident if found else None) == (NAME if joins else None)
