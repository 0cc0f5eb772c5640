"""A consultation counts nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from typing_extensions import override

from incident_crds.catalogue import Severity, SignalName
from incident_crds.client import ApiClient
from incident_crds.diagnosis import EvidenceDocument
from incident_crds.incident import Incident, IncidentPhase, RemediationMode, Request, RequestAction
from incident_crds.mocksystem import Breach, MockSystem
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Store
from incident_operator.diagnosis.chain import RULES, Diagnosed
from incident_operator.domain.incidents import tally_open
from incident_operator.domain.verdict import Verdict
from incident_operator.services.catalogue import Remedies
from incident_operator.services.incidents import Incidents
from incident_operator.services.inquiries import Inquiries
from incident_operator.services.investigation import Finding, breaches_about

from ..domain.factories import NOW, incident, system
from ..domain.test_consultation import consultation
from ..domain.test_grading import diagnosed


class Server:
    """Takes every write of a status."""

    def __init__(self) -> None:
        self.known: dict[str, Incident] = {}

    def holds(self, store: Store, *incidents: Incident) -> None:
        for made in incidents:
            self.known[made.metadata.name] = made
            store.put(Incident, made)

    async def patch(
        self, kind: type[Incident], namespace: str, name: str, patch: dict[str, Any], **_: object
    ) -> Incident:
        document = self.known[name].to_json()
        document["status"] = document["status"] | patch["status"]
        document["metadata"]["resourceVersion"] = str(int(document["metadata"]["resourceVersion"]) + 1)
        self.known[name] = kind.parse(document)
        return self.known[name]


class Clerk:
    """Gives out numbers and posts Events."""

    def __init__(self) -> None:
        self.given = 0
        self.events: list[str] = []

    async def next_number(self, _: int) -> int:
        self.given += 1
        return self.given

    async def record_event(self, _: Incident, reason: str, message: str, **__: object) -> None:
        self.events.append(reason)


class Silent:
    """Never finds anything out."""

    def ask(self, *_: object, **__: object) -> Finding | None:
        return None

    def forget(self, _: object) -> None:
        return None


class Baffled(Silent):
    """Knows at once that it cannot tell."""

    @override
    def ask(self, *_: object, **__: object) -> Finding:
        nothing = Verdict(None, "redis-test", "cannot tell", "look", Severity.P2, 0, ())
        diagnosis = diagnosed().model_copy(update={"provider": RULES})
        document = EvidenceDocument(system="redis-test", threshold_percent=50, collected_at=NOW)
        return Finding(Diagnosed(diagnosis, nothing), document)


def desk(store: Store, clerk: Clerk, inquiries: Silent | None = None) -> Incidents:
    return Incidents(
        store=store,
        builtin=cast("Builtin", clerk),
        inquiries=cast("Inquiries", inquiries or Silent()),
        remedies=Remedies(),
        hold=timedelta(seconds=5),
    )


def new(**spec: Any) -> Incident:
    made = consultation(**spec)
    made.status = made.status.model_copy(update={"phase": None, "actionable": False})
    return made


async def test_it_takes_no_number_until_it_is_an_ordinary_incident() -> None:
    server, clerk = Server(), Clerk()
    store = Store(cast("ApiClient", server))
    server.holds(store, new())
    await desk(store, clerk).reconcile(("drills", "ask-1"))
    seen = server.known["ask-1"]
    assert (seen.status.phase, seen.status.number, clerk.given, clerk.events) == (IncidentPhase.TRIAGE, "", 0, [])

    ordinary = seen.model_copy(deep=True)
    ordinary.spec.remediation_mode = RemediationMode.MANUAL
    ordinary.metadata.resource_version = "9"
    server.holds(store, ordinary)
    for _ in range(2):
        await desk(store, clerk).reconcile(("drills", "ask-1"))
    assert (server.known["ask-1"].status.number, clerk.given) == ("INC-0001", 1)


@pytest.mark.parametrize(("purpose", "answered"), [("consultation", True), ("", False)])
async def test_whoever_asks_does_not_wait_for_better_evidence(purpose: str, answered: bool) -> None:
    server, clerk = Server(), Clerk()
    store = Store(cast("ApiClient", server))
    server.holds(store, new(purpose=purpose))
    store.put(MockSystem, system())
    await desk(store, clerk, Baffled()).reconcile(("drills", "ask-1"))
    assert (server.known["ask-1"].status.diagnosis is not None) is answered


async def test_nothing_is_merged_into_one() -> None:
    server, clerk = Server(), Clerk()
    store = Store(cast("ApiClient", server))
    merging = new(remediationMode="Manual", request=Request(id="r", action=RequestAction.MERGE, merge_into="ask-1"))
    merging.metadata = merging.metadata.model_copy(update={"name": "real", "uid": "uid-real"})
    merging.metadata.annotations = {"incidentsimulator.net/requested-by": "sre"}
    server.holds(store, consultation(), merging)
    await desk(store, clerk).reconcile(("drills", "real"))
    refused = server.known["real"].status.refused_request
    assert refused is not None
    assert refused.reason == "MergeTargetNotFound"


def test_it_is_none_of_its_system_s_incidents() -> None:
    store = Store(cast("ApiClient", None))
    store.put(Incident, consultation())
    store.put(Incident, incident("redis-test-memory-1"))
    assert [i.metadata.name for i in store.incidents_of("drills", "redis-test")] == ["redis-test-memory-1"]
    assert len(store.list_all(Incident)) == 2


def test_it_asks_about_all_that_is_broken_now() -> None:
    broken = [
        Breach(signal=SignalName.MEMORY, number=1, breached_at=NOW, incident="redis-test-memory-1"),
        Breach(signal=SignalName.CLIENTS, number=1, breached_at=NOW, ended_at=NOW, incident="redis-test-clients-1"),
    ]
    about = system(breaches=broken)
    assert breaches_about(consultation(), about) == {SignalName.MEMORY}
    assert breaches_about(incident("redis-test-memory-1"), about) == {SignalName.MEMORY}
    assert breaches_about(incident("redis-test-canary-1"), about) == set()


def test_no_gauge_counts_it() -> None:
    ordinary = consultation("other", purpose="drill")
    resolved = incident("over", phase=IncidentPhase.RESOLVED)
    assert tally_open([consultation(), ordinary, resolved, new(purpose="drill")]) == {("Triage", ""): 1}
