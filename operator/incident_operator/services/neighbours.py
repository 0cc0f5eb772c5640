"""The systems of a namespace to one another: which incidents they share."""

from __future__ import annotations

from datetime import datetime

from incident_crds.incident import Incident
from incident_crds.mocksystem import Breach, MockSystem
from incident_operator.cluster.store import Store
from incident_operator.domain.cascade import Shared, find_shared
from incident_operator.domain.incidents import is_open, is_relapse


def systems_by_name(store: Store, namespace: str) -> dict[str, MockSystem]:
    """The systems of a namespace."""
    return {s.metadata.name: s for s in store.list_all(MockSystem, namespace)}


def incidents_about(store: Store, system: MockSystem) -> list[Incident]:
    """The system's incidents, those included that a breach of it has joined just now."""
    found = {i.metadata.name: i for i in store.incidents_of(*system.key)}
    for breach in system.status.breaches:
        incident = store.get(Incident, (system.metadata.namespace, breach.incident))
        if incident is not None and not incident.is_consultation:
            found[incident.metadata.name] = incident
    return [found[name] for name in sorted(found)]


def shared_incident(store: Store, system: MockSystem, breach: Breach, *, now: datetime) -> Shared | None:
    """The open incident of another system that has the same cause as the system's new breach."""
    namespace, name = system.key
    systems = systems_by_name(store, namespace)

    def may_join(incident: str) -> bool:
        found = store.get(Incident, (namespace, incident))
        if found is None or is_open(found):  # what is on record is created in a moment
            return True
        breaches = [b for s in systems.values() for b in s.status.breaches if b.incident == incident]
        return is_relapse(found, breaches)  # it is opened again in a moment

    return find_shared(name, breach, systems, is_open=may_join, now=now)


def is_owned(store: Store, system: MockSystem, breach: Breach) -> bool:
    """Whether another system creates the incident of this breach: the one that opened it, and is broken still."""
    owner = store.get(MockSystem, (system.metadata.namespace, breach.owner))
    return owner is not None and any(b.incident == breach.incident and not b.ended_at for b in owner.status.breaches)
