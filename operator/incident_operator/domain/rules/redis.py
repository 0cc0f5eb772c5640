"""Causes inside Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incident_crds.action import ActionParams, RedisOption
from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_operator.domain.evidence import (
    CREATED_MAX_CLIENTS,
    CREATED_MAX_MEMORY,
    DIRECT_MILLISECONDS,
    ClientGroup,
    Evidence,
    SlowCommand,
)
from incident_operator.domain.rules.finding import (
    DOMINANT_SHARE,
    MIB,
    Finding,
    Rules,
    confidence_of,
    fact_number,
    find_dominant,
    is_fast_when_asked,
)
from incident_operator.domain.verdict import ActionDraft

_SCRIPTS = frozenset({"eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"})


def _explain_memory(e: Evidence) -> Finding | None:
    # of all that was sampled and of all that is used, not only of the prefixes that are listed
    total = max(sum(p.bytes for p in e.prefixes), fact_number(e, "sampled_bytes"), fact_number(e, "used_memory"))
    found = find_dominant(e.prefixes, lambda p: p.bytes, total)
    if found is None:
        return None
    top, share = found
    return Finding(
        fault=FaultType.REDIS_MEMORY,
        summary=f"Redis memory is used up by {top.keys} keys that begin with {top.prefix!r}.",
        solution=f"Delete the keys that begin with {top.prefix!r}; all others stay.",
        confidence=confidence_of(share),
        fact=f"{top.prefix}* holds {top.bytes / MIB:.1f} MiB in {top.keys} keys, {share:.0%} of all",
        actions=(
            ActionDraft(
                ActionType.REDIS_EVICT_PREFIX,
                e.system,
                ActionParams(prefix=top.prefix),
                f"about {top.keys} keys go and {top.bytes / MIB:.0f} MiB become free; their clients start afresh",
            ),
        ),
    )


def _explain_lowered_memory(e: Evidence) -> Finding | None:
    """The data are no more than usual, and the limit is not what the system was created with.

    Only where that is known: nobody can tell by looking which limit an external system should have.
    """
    created, limit = fact_number(e, CREATED_MAX_MEMORY), fact_number(e, "maxmemory")
    used = fact_number(e, "used_memory")
    if not 0 < limit < created or used / created > DOMINANT_SHARE:
        return None
    return Finding(
        fault=FaultType.REDIS_MEMORY,
        summary=f"Redis has room for {limit / MIB:.1f} MiB, and was created with {created / MIB:.1f} MiB.",
        solution=f"Set maxmemory back to {created / MIB:.1f} MiB; no key goes.",
        confidence=90,
        fact=f"maxmemory is {limit / MIB:.1f} MiB and not {created / MIB:.1f} MiB; {used / MIB:.1f} MiB are used",
        actions=(
            ActionDraft(
                ActionType.REDIS_RESET_CONFIG,
                e.system,
                ActionParams(option=RedisOption.MAX_MEMORY),
                f"Redis takes up to {created / MIB:.1f} MiB again; nothing is deleted, and it can be taken back",
            ),
        ),
    )


def _explain_clients(e: Evidence) -> Finding | None:
    named = [g for g in e.clients if g.name]
    total = max(sum(g.count for g in e.clients), fact_number(e, "connected_clients"))
    found = find_dominant(named, lambda g: g.count, total)
    if found is None:
        return None
    top, share = found
    return Finding(
        fault=FaultType.REDIS_CONNECTIONS,
        summary=f"Redis connections are held by {top.count} clients named {top.name!r}.",
        solution=f"End the connections of {top.name!r}; all others stay.",
        confidence=confidence_of(share),
        fact=f"{top.name}: {top.count} of {total:g} connections, idle for up to {top.longest_idle_seconds} s",
        actions=(
            ActionDraft(
                ActionType.REDIS_KILL_CLIENTS,
                e.system,
                ActionParams(client_name=top.name),
                f"about {top.count} connections end; the application has to connect again",
            ),
        ),
    )


def _explain_lowered_clients(e: Evidence) -> Finding | None:
    """No more clients than usual, and the limit is not what the system was created with."""
    created, limit = fact_number(e, CREATED_MAX_CLIENTS), fact_number(e, "maxclients")
    connected = fact_number(e, "connected_clients")
    if not 0 < limit < created or connected / created > DOMINANT_SHARE:
        return None
    return Finding(
        fault=FaultType.REDIS_CONNECTIONS,
        summary=f"Redis takes {limit:g} clients at most, and was created to take {created:g}.",
        solution=f"Set maxclients back to {created:g}; no client is ended.",
        confidence=90,
        fact=f"maxclients is {limit:g} and not {created:g}; {connected:g} are connected",
        actions=(
            ActionDraft(
                ActionType.REDIS_RESET_CONFIG,
                e.system,
                ActionParams(option=RedisOption.MAX_CLIENTS),
                f"Redis takes up to {created:g} clients again; nobody is cut off, and it can be taken back",
            ),
        ),
    )


def _explain_latency(e: Evidence) -> Finding | None:
    """Slow for everybody, and most of its time goes to one client that is still there."""
    if is_fast_when_asked(e):
        return None
    connected = {g.name for g in e.clients}
    # of those that are still there: the others are not what is slow now
    slow = [s for s in e.slow_commands if s.client in connected]
    suspect = _find_costly(e, slow) if slow else _find_busy(e)
    if suspect is None:
        return None
    name, count = suspect.client.name, suspect.client.count
    return Finding(
        fault=FaultType.REDIS_LATENCY,
        summary=f"{e.system} is busy with {suspect.command} commands of {name!r}, for which all others wait.",
        solution=f"End the connections of {name!r}; all others stay.",
        confidence=suspect.confidence,
        fact=suspect.fact,
        actions=(
            ActionDraft(
                ActionType.REDIS_KILL_CLIENTS,
                e.system,
                ActionParams(client_name=name),
                f"{count} connections end, and with them what they ask for; the application has to connect again",
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Suspect:
    client: ClientGroup
    command: str
    confidence: int
    fact: str


def _find_costly(e: Evidence, slow: Sequence[SlowCommand]) -> _Suspect | None:
    """Whoever most of the slow log is about."""
    total = sum(s.milliseconds for s in slow)
    for client in e.clients:
        own = [s for s in slow if client.name and s.client == client.name]
        taken = sum(s.milliseconds for s in own)
        if own and taken / total >= DOMINANT_SHARE:
            fact = f"{client.name}: {taken:.0f} of {total:.0f} ms that slow commands took in the last minute"
            return _Suspect(client, own[0].command, confidence_of(taken / total), fact)
    return None


def _find_busy(e: Evidence) -> _Suspect | None:
    """Where nothing is in the slow log, and a direct question is slow: the only one that runs scripts all the time."""
    running = [g for g in e.clients if g.name and g.command in _SCRIPTS and g.shortest_idle_seconds == 0]
    if len(running) != 1 or DIRECT_MILLISECONDS not in e.facts:
        return None
    fact = f"{running[0].name}: {running[0].count} connections, and the last command was {running[0].command} just now"
    return _Suspect(running[0], running[0].command, 50, fact)


RULES: Rules = {
    SignalName.MEMORY: (_explain_memory, _explain_lowered_memory),
    SignalName.CLIENTS: (_explain_clients, _explain_lowered_clients),
    SignalName.LATENCY: (_explain_latency,),
    SignalName.CANARY: (_explain_latency,),
}
