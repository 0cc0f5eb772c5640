"""Which incident a breach belongs to, and what becomes of an incident."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from incident_crds.catalogue import Severity, SignalName
from incident_crds.incident import Incident, IncidentPhase, IncidentType, ResolvedReason
from incident_crds.mocksystem import Breach, MockSystem
from incident_crds.remediationplan import PlanPhase, RemediationPlan
from incident_operator.domain.breaches import SECONDARY_SIGNALS, BreachChange
from incident_operator.domain.cascade import Shared
from incident_operator.domain.naming import incident_name
from incident_operator.domain.sample import Sample

RELAPSE_WINDOW = timedelta(seconds=120)
"""A breach that comes back so soon after its incident was resolved reopens it."""
_RECOVERED = (ResolvedReason.VERIFIED, ResolvedReason.SELF_RECOVERED)


def assign_incidents(
    system: MockSystem,
    change: BreachChange,
    incidents: Sequence[Incident],
    *,
    is_taken: Callable[[str], bool],
    shared: Callable[[Breach], Shared | None] = lambda _: None,
    now: datetime,
) -> list[Breach]:
    """The breaches, each new one with its incident: one that it joins or reopens, or a name of its own.

    `is_taken` tells whether an incident of the namespace has a name, whatever it is about; `shared` which incident of
    another system has the same cause.
    """
    by_name = {i.metadata.name: i for i in incidents}
    owners = {n: next(iter(i.spec.affected_systems), "") for n, i in by_name.items() if is_open(i)}
    assigned: list[Breach] = []
    for breach in sorted(change.breaches, key=lambda b: (b.signal in SECONDARY_SIGNALS, b.signal)):
        if breach.signal not in change.started:
            assigned.append(breach)
            continue
        joined = _joined(breach, owners, by_name) or _of(breach, shared(breach)) or _reopened(breach, by_name, now=now)
        joined = joined or _named(system, breach, is_taken)
        owner = owners.setdefault(joined.incident, joined.owner or system.metadata.name)
        assigned.append(joined.model_copy(update={"owner": "" if owner == system.metadata.name else owner}))
    return sorted(assigned, key=lambda b: b.signal)


def is_open(incident: Incident) -> bool:
    """Opened for a breach of something real and not resolved, so that other breaches may join it."""
    return _is_measured(incident) and incident.status.phase is not IncidentPhase.RESOLVED


def _is_measured(incident: Incident) -> bool:
    return incident.spec.signal is not None and incident.spec.incident_type is IncidentType.REAL_SYSTEM


def _joined(breach: Breach, owners: Mapping[str, str], by_name: Mapping[str, Incident]) -> Breach | None:
    """`owners` are those of the system's open incidents, by name."""
    if breach.signal in SECONDARY_SIGNALS and owners:
        return breach.model_copy(update={"incident": min(owners)})
    same = next((n for n in sorted(owners) if n in by_name and by_name[n].spec.signal is breach.signal), None)
    if same is not None:  # a person may have opened an older one again
        return breach.model_copy(update={"incident": same})
    return breach if breach.incident in owners else None


def _of(breach: Breach, shared: Shared | None) -> Breach | None:
    return None if shared is None else breach.model_copy(update={"incident": shared.incident, "owner": shared.owner})


def _reopened(breach: Breach, by_name: Mapping[str, Incident], *, now: datetime) -> Breach | None:
    """Another system's incident is not reopened by what was its consequence."""
    previous = None if breach.owner else by_name.get(breach.incident)
    return breach if previous is not None and _may_reopen(previous, now=now) else None


def _named(system: MockSystem, breach: Breach, is_taken: Callable[[str], bool]) -> Breach:
    """With a name that is free: a deleted system of the same name had breaches of the same numbers."""
    free = (n for n in count(breach.number) if not is_taken(incident_name(system.metadata.name, breach.signal, n)))
    number = next(free)
    name = incident_name(system.metadata.name, breach.signal, number)
    return breach.model_copy(update={"incident": name, "number": number, "owner": ""})


def _may_reopen(incident: Incident, *, now: datetime) -> bool:
    resolved_at = incident.status.timestamps.resolved_at
    return incident.status.reason in _RECOVERED and resolved_at is not None and now - resolved_at <= RELAPSE_WINDOW


def find_rival(incident: Incident, systems: Sequence[MockSystem], incidents: Sequence[Incident]) -> str | None:
    """What is open for the same signal of the same system, so that this one may not be open, too; by name.

    A breach on record names its incident before that is created.
    """
    signal, affected = incident.spec.signal, set(incident.spec.affected_systems)
    if signal is None or not _is_measured(incident):
        return None
    of_it = (i for i in incidents if is_open(i) and i.spec.signal is signal)
    names = {i.metadata.name for i in of_it if affected & set(i.spec.affected_systems)}
    resolved = {i.metadata.name for i in incidents if i.status.phase is IncidentPhase.RESOLVED}
    for system in systems:
        if system.metadata.name in affected:
            lasting = (b for b in system.status.breaches if b.signal is signal and b.ended_at is None and b.incident)
            names |= {b.incident for b in lasting} - resolved
    return min(names - {incident.metadata.name}, default=None)


def describe_breach(system: MockSystem, breach: Breach, sample: Sample) -> tuple[str, str]:
    """Title and description of the incident that a breach opens."""
    signal = sample.signal(breach.signal)
    name = system.metadata.name
    if breach.signal is SignalName.REACHABLE:
        return f"{name} is unreachable", signal.message if signal else "it does not answer"
    health = "unknown" if signal is None or signal.health is None else f"{signal.health} %"
    title = f"{name}: {breach.signal} health is {health}"
    return title, signal.message if signal else ""


def first_severity(signals: Sequence[SignalName]) -> Severity:
    """Before a diagnosis: worst where clients fail."""
    return Severity.P1 if {SignalName.CANARY, SignalName.REACHABLE} & set(signals) else Severity.P2


@dataclass(frozen=True, slots=True)
class Resolution:
    """Why an incident is over."""

    reason: ResolvedReason
    message: str


def decide_resolution(
    incident: Incident, breaches: Sequence[Breach], plans: Sequence[RemediationPlan]
) -> Resolution | None:
    """Whether the operator may resolve it: a plan proved it, or the harm ended with no plan at work.

    Nothing is resolved while one of its breaches lasts, whatever a plan says; and what a person opened
    again is not resolved for breaches that had ended before.
    """
    since = incident.status.timestamps.detected_at
    recent = [b for b in breaches if b.ended_at is None or since is None or b.ended_at >= since]
    if incident.spec.signal is None or not recent or any(b.ended_at is None for b in recent):
        return None
    for plan in plans:
        verified = plan.status.verified_at
        if plan.status.phase is PlanPhase.SUCCEEDED and verified and (since is None or verified >= since):
            return Resolution(ResolvedReason.VERIFIED, f"plan {plan.metadata.name} ended it: {plan.status.message}")
    if any(p.status.phase and p.status.phase.is_running for p in plans):
        return None
    return Resolution(ResolvedReason.SELF_RECOVERED, "every signal recovered without a plan")


def decide_end_with_system(
    incident: Incident, breaches: Sequence[Breach], plans: Sequence[RemediationPlan], systems: Mapping[str, MockSystem]
) -> Resolution | None:
    """Whether it ends because its systems are gone, with all that was known of their harm.

    One that was made anew under the same name is another system: what breaks there is another breach.
    """
    since = incident.status.timestamps.detected_at
    if breaches or since is None or not _is_measured(incident):
        return None
    if any(p.status.phase and p.status.phase.is_running for p in plans):
        return None
    named = [systems.get(name) for name in incident.systems]
    if any(s is not None and not s.metadata.is_created_since(since) for s in named):
        return None
    names = ", ".join(incident.systems)
    return Resolution(ResolvedReason.SELF_RECOVERED, f"{names} was deleted, and its harm is gone with it")


def is_relapse(incident: Incident, breaches: Sequence[Breach]) -> bool:
    """A breach of an incident that the operator resolved lasts again: it resolves none while one lasts."""
    return (
        incident.status.phase is IncidentPhase.RESOLVED
        and incident.status.reason in _RECOVERED
        and any(b.ended_at is None for b in breaches)
    )


def tally_open(incidents: Iterable[Incident]) -> Counter[tuple[str, str]]:
    """How many are not resolved, by phase and severity ("" while it has none)."""
    return Counter(
        (i.status.phase.value, i.status.severity.value if i.status.severity else "")
        for i in incidents
        if i.status.phase is not None and i.status.phase is not IncidentPhase.RESOLVED and not i.is_consultation
    )
