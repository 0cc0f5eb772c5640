"""Trouble that comes from another system: systems depend on each other, and one cause is one incident."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incident_crds.catalogue import SignalName
from incident_crds.incident import Incident, IncidentStatus, JoinedSystem, Relation
from incident_crds.mocksystem import Breach, MockSystem
from incident_operator.domain.breaches import SECONDARY_SIGNALS
from incident_operator.domain.history import OPERATOR, with_entry

FELT_BY_CLIENTS = SECONDARY_SIGNALS
"""Signals of a system that fails its clients or lets them wait: only that can be felt elsewhere."""
FROM_ELSEWHERE = frozenset({SignalName.CONNECTIONS, SignalName.CLIENTS, SignalName.CANARY, SignalName.LATENCY})
"""Signals that fall where clients are held up elsewhere and keep their connections here. No disk fills by that, and
whoever has a lock that others wait for is found here."""
CASCADE_WINDOW = timedelta(seconds=60)
"""The cause may be noticed so much later than what it causes; later than that it is another incident."""
DRAINING = timedelta(seconds=3)
"""Time that what was held up gets to go on after the end of that, before it is blamed for what is left."""

Systems = Mapping[str, MockSystem]


@dataclass(frozen=True, slots=True)
class Shared:
    """An incident that a breach joins, and the system whose breach opened it."""

    incident: str
    owner: str


def dependencies_of(name: str, systems: Systems) -> list[str]:
    """All that the system depends on, also by way of others, the nearest first. Never itself, even in a circle."""
    found: list[str] = []
    ahead = [name]
    while ahead:
        system = systems.get(ahead.pop(0))
        new = [d for d in (system.spec.depends_on if system else ()) if d not in (name, *found) and d in systems]
        found += dict.fromkeys(new)
        ahead += dict.fromkeys(new)
    return found


def find_shared(
    name: str, breach: Breach, systems: Systems, *, is_open: Callable[[str], bool], now: datetime
) -> Shared | None:
    """The open incident of another system that has the same cause as this new breach, if there is one.

    Either a system that this one depends on fails its clients; or this one does, and one that depends on it has broken
    a moment ago. `is_open` tells of an incident that is on record and not yet created, too.
    """
    if breach.signal in FROM_ELSEWHERE:
        for other in dependencies_of(name, systems):
            if found := _shared(systems[other], FELT_BY_CLIENTS, is_open, since=now - CASCADE_WINDOW):
                return found
    if breach.signal in FELT_BY_CLIENTS:
        for other in sorted(systems):
            if name not in dependencies_of(other, systems):
                continue
            found = _shared(systems[other], FROM_ELSEWHERE, is_open, since=now - CASCADE_WINDOW, is_new=True)
            if found:
                return found
    return None


def _shared(
    system: MockSystem,
    signals: frozenset[SignalName],
    is_open: Callable[[str], bool],
    *,
    since: datetime,
    is_new: bool = False,
) -> Shared | None:
    """Of a breach that lasts, or ended since; with `is_new` of one that began since, and lasts."""
    for breach in sorted(system.status.breaches, key=lambda b: b.signal):
        if breach.signal not in signals or breach.breached_at is None or not breach.incident:
            continue
        if is_new:
            counts = breach.ended_at is None and breach.breached_at >= since
        else:
            counts = breach.ended_at is None or breach.ended_at >= since
        if counts and is_open(breach.incident):
            return Shared(breach.incident, breach.owner or system.metadata.name)
    return None


def with_joined(incident: Incident, status: IncidentStatus, systems: Systems, *, now: datetime) -> IncidentStatus:
    """The status with every other system that has a breach of this incident, once each.

    Those that broke before it was opened again are named no more, unless they broke again.
    """
    own, since = incident.spec.affected_systems, status.timestamps.detected_at or now
    joined = [j for j in status.joined if j.at >= since]
    upstream = {d for name in own for d in dependencies_of(name, systems)}
    for name in sorted(systems.keys() - {*own, *(j.system for j in joined)}):
        signals = sorted(
            b.signal
            for b in systems[name].status.breaches
            if b.incident == incident.metadata.name and (b.ended_at is None or b.ended_at >= since)
        )
        if not signals:
            continue
        relation = Relation.CAUSE if name in upstream else Relation.CONSEQUENCE
        joined.append(JoinedSystem(system=name, relation=relation, at=now))
        if relation is Relation.CAUSE:
            why = f"{', '.join(own)} depends on it, so the cause is looked for there"
        else:
            why = "it depends on a system of this incident"
        detail = f"{name} broke, too ({', '.join(signals)}); {why}"
        status = with_entry(status, at=now, actor=OPERATOR, type="SystemJoined", detail=detail)
    return status.model_copy(update={"joined": joined})


def cause_found_at(incident: Incident) -> datetime | None:
    """When a system joined in which the cause is to be looked for; None where none did."""
    return max((j.at for j in incident.status.joined if j.relation is Relation.CAUSE), default=None)


def suspects(incident: Incident, systems: Systems) -> list[str]:
    """The incident's systems in the order in which the cause is looked for: what others depend on first.

    Where some are still broken, only those.
    """
    names = [n for n in incident.systems if n in systems]
    if not incident.status.joined:
        return names[:1]
    needs = {n: len(set(dependencies_of(n, systems)) & set(names)) for n in names}
    ordered = sorted(names, key=lambda n: needs[n])
    return [n for n in ordered if broken_signals(incident, [systems[n]], only_now=True)] or ordered[:1]


def held_up_by(
    name: str, incident: Incident, systems: Systems, *, unknown: Collection[str], now: datetime
) -> list[str]:
    """What the system depends on that may be the cause of its symptoms, so that these are not blamed on itself.

    Those are the `unknown`, which could not be measured or explained, and whatever fails its clients under the incident
    or has done so since before it could be another one.
    """
    breaches = systems[name].status.breaches if name in systems else ()
    own = (b.breached_at for b in breaches if b.incident == incident.metadata.name)
    first = min((at for at in own if at is not None), default=None)

    def fails(breach: Breach) -> bool:
        if breach.ended_at is not None and now - breach.ended_at > DRAINING:
            return False
        if breach.breached_at is None or breach.signal not in FELT_BY_CLIENTS:
            return False
        is_shared = breach.incident == incident.metadata.name
        return is_shared or (first is not None and breach.breached_at <= first + CASCADE_WINDOW)

    return [
        other
        for other in dependencies_of(name, systems)
        if name not in dependencies_of(other, systems)  # in a circle each would wait for the other
        and (other in unknown or any(fails(b) for b in systems[other].status.breaches))
    ]


def broken_signals(
    incident: Incident, systems: Sequence[MockSystem], *, only_now: bool = False
) -> dict[str, list[SignalName]]:
    """By system the signals that broke under the incident, or that are broken under it now."""
    found = {
        s.metadata.name: sorted(
            b.signal
            for b in s.status.breaches
            if b.incident == incident.metadata.name and (b.ended_at is None or not only_now)
        )
        for s in systems
    }
    return {name: signals for name, signals in found.items() if signals}
