"""Causes inside Postgres."""

from __future__ import annotations

from collections.abc import Sequence

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_operator.domain.evidence import (
    BLOCKED_SESSIONS,
    FEWEST_DEAD,
    Evidence,
    TableUsage,
)
from incident_operator.domain.rules.finding import (
    DOMINANT_SHARE,
    MIB,
    Finding,
    Rules,
    confidence_of,
    fact_number,
    find_dominant,
)
from incident_operator.domain.sample import Signal
from incident_operator.domain.verdict import ActionDraft

_NEAR = 10
"""Points of health by which a table may have changed between the signal and the evidence."""

_MOST_LOST = 8
"""Steps of a plan that one person can judge."""


def _explain_connections(e: Evidence) -> Finding | None:
    idle = [g for g in e.sessions if g.state == "idle" and g.application_name]
    total = max(sum(g.count for g in e.sessions), fact_number(e, "client_sessions"))
    found = find_dominant(idle, lambda g: g.count, total)
    if found is None:
        return None
    top, share = found
    return Finding(
        fault=FaultType.POSTGRES_CONNECTIONS,
        summary=f"Postgres connections are held by {top.count} idle sessions of {top.application_name!r}.",
        solution=f"End the idle sessions of {top.application_name!r}; its busy ones and all others stay.",
        confidence=confidence_of(share),
        fact=f"{top.application_name}: {top.count} of {total:g} sessions, idle for up to {top.longest_idle_seconds} s",
        actions=(
            ActionDraft(
                ActionType.POSTGRES_TERMINATE_IDLE,
                e.system,
                ActionParams(application_name=top.application_name, idle_seconds=0),
                f"about {top.count} idle sessions end; the application has to reconnect",
            ),
        ),
    )


def _explain_bloat(e: Evidence) -> Finding | None:
    bloated = [t for t in e.tables if t.dead >= FEWEST_DEAD]
    if not bloated:
        return None
    top = min(bloated, key=lambda t: (t.health, -t.dead))
    measured, lost = _bloat_signal(e), _lost_tables(e)
    if measured is not None and measured.health is not None and top.health > measured.health + _NEAR:
        return None  # the table that was measured is not among these, and a sounder one is not to blame
    autovacuum = "" if top.autovacuum else ", and autovacuum is off for it"
    return Finding(
        fault=FaultType.POSTGRES_BLOAT,
        summary=f"Table {top.name} is bloated with dead rows: {top.dead} dead, {top.live} live{autovacuum}.",
        solution=f"Vacuum table {top.name}{', and those whose statistics were lost' if lost else ''}.",
        confidence=confidence_of(top.dead / (top.dead + top.live)),
        fact=f"{top.name}: {top.dead} dead rows, {top.live} live, {top.bytes / MIB:.1f} MiB{autovacuum}",
        actions=(
            ActionDraft(
                ActionType.POSTGRES_VACUUM,
                e.system,
                ActionParams(table=top.name),
                f"about {top.dead} dead rows are reclaimed; readers and writers go on meanwhile",
            ),
            *_analyses(e.system, [t for t in lost if t is not top]),  # else nobody could tell that the bloat is gone
        ),
    )


def _explain_lost_statistics(e: Evidence) -> Finding | None:
    """Bloat was measured before, and now nobody can tell: the incident cannot end until somebody looks again."""
    lost, measured = _lost_tables(e), _bloat_signal(e)
    if measured is None or measured.health is not None or not lost:
        return None
    names = ", ".join(t.name for t in lost)
    return Finding(
        fault=FaultType.SYSTEM_DOWN,
        summary=f"Postgres has lost its statistics of {names}, as it does in a crash: how bloated they are is unknown.",
        solution=f"Analyse {names} anew; find out why Postgres ended without a shutdown.",
        confidence=70,
        fact=f"no rows are counted in {names}, although there are some, and nobody has analysed them since",
        actions=_analyses(e.system, lost),
    )


def _bloat_signal(e: Evidence) -> Signal | None:
    return next((s for s in e.signals if s.name is SignalName.BLOAT), None)


def _lost_tables(e: Evidence) -> list[TableUsage]:
    return [t for t in e.tables if t.is_unknown][:_MOST_LOST]


def _analyses(system: str, lost: Sequence[TableUsage]) -> tuple[ActionDraft, ...]:
    return tuple(
        ActionDraft(
            ActionType.POSTGRES_VACUUM,
            system,
            ActionParams(table=table.name),
            f"the server knows again what is in {table.name}; readers and writers go on meanwhile",
        )
        for table in lost
    )


def _explain_locks(e: Evidence) -> Finding | None:
    """The application at the head of the queues. Who waits is never to blame, however many sessions it has."""
    total = fact_number(e, BLOCKED_SESSIONS)
    held_up: dict[str, int] = {}
    for blocker in e.blockers:
        held_up[blocker.application_name] = held_up.get(blocker.application_name, 0) + blocker.blocked
    if not held_up or total == 0:
        return None
    name = max(held_up, key=lambda n: (held_up[n], n))
    blocked = min(held_up[name], int(total))  # one session can wait for two others
    share = blocked / total
    if share < DOMINANT_SHARE:
        return None
    own = [b for b in e.blockers if b.application_name == name]
    first = max(own, key=lambda b: (b.blocked, b.seconds))
    sessions = "a session" if len(own) == 1 else f"{len(own)} sessions"
    who = f"{sessions} of {name!r}" if name else f"{sessions} without an application's name"
    return Finding(
        fault=FaultType.POSTGRES_LOCK,
        summary=f"{blocked} sessions of Postgres wait for locks of {who}, {first.state} for {first.seconds} s.",
        solution=f"End {who}; those who wait go on.",
        confidence=confidence_of(share),
        fact=f"{who}: {blocked} of {total:g} waiting sessions, for up to {first.longest_wait:.0f} s",
        actions=(
            ActionDraft(
                ActionType.POSTGRES_TERMINATE_BLOCKERS,
                e.system,
                ActionParams(application_name=name or None),
                f"{who} will end, and what it did not commit is undone; {blocked} others go on",
            ),
        ),
    )


RULES: Rules = {
    SignalName.CONNECTIONS: (_explain_connections,),
    SignalName.BLOAT: (_explain_bloat, _explain_lost_statistics),
    SignalName.LOCKS: (_explain_locks,),
}
