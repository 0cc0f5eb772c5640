"""Causes inside Redis."""

from __future__ import annotations

from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_crds.remediationplan import ActionParams
from incident_operator.domain.evidence import (
    Evidence,
)
from incident_operator.domain.rules.finding import (
    DOMINANT_SHARE,
    MIB,
    Finding,
    Rules,
    confidence_of,
    fact_number,
)
from incident_operator.domain.verdict import ActionDraft


def _explain_memory(e: Evidence) -> Finding | None:
    # of all that was sampled and of all that is used, not only of the prefixes that are listed
    total = max(sum(p.bytes for p in e.prefixes), fact_number(e, "sampled_bytes"), fact_number(e, "used_memory"))
    if not e.prefixes or total == 0:
        return None
    top = e.prefixes[0]
    share = top.bytes / total
    if share < DOMINANT_SHARE:
        return None
    return Finding(
        fault=FaultType.REDIS_MEMORY,
        summary=f"Redis memory is used up by {top.keys} keys that begin with {top.prefix!r}.",
        solution=f"Delete the keys that begin with {top.prefix!r}; all others stay.",
        confidence=confidence_of(share),
        fact=f"{top.prefix}* holds {top.bytes / MIB:.1f} MiB in {top.keys} keys, {share:.0%} of all",
        action=ActionDraft(
            ActionType.REDIS_EVICT_PREFIX,
            e.system,
            ActionParams(prefix=top.prefix),
            f"about {top.keys} keys go and {top.bytes / MIB:.0f} MiB become free; clients that use them start afresh",
        ),
    )


def _explain_clients(e: Evidence) -> Finding | None:
    named = [g for g in e.clients if g.name]
    total = max(sum(g.count for g in e.clients), fact_number(e, "connected_clients"))
    if not named or total == 0:
        return None
    top = max(named, key=lambda g: g.count)
    share = top.count / total
    if share < DOMINANT_SHARE:
        return None
    return Finding(
        fault=FaultType.REDIS_CONNECTIONS,
        summary=f"Redis connections are held by {top.count} clients named {top.name!r}.",
        solution=f"End the connections of {top.name!r}; all others stay.",
        confidence=confidence_of(share),
        fact=f"{top.name}: {top.count} of {total:g} connections, idle for up to {top.longest_idle_seconds} s",
        action=ActionDraft(
            ActionType.REDIS_KILL_CLIENTS,
            e.system,
            ActionParams(client_name=top.name),
            f"about {top.count} connections end; the application has to connect again",
        ),
    )


RULES: Rules = {
    SignalName.MEMORY: (_explain_memory,),
    SignalName.CLIENTS: (_explain_clients,),
}
