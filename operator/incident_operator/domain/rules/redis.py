"""Causes inside Redis."""

from __future__ import annotations

from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_crds.remediationplan import ActionParams, RedisOption
from incident_operator.domain.evidence import (
    CREATED_MAX_MEMORY,
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
        action=ActionDraft(
            ActionType.REDIS_RESET_CONFIG,
            e.system,
            ActionParams(option=RedisOption.MAX_MEMORY),
            f"Redis takes up to {created / MIB:.1f} MiB again; nothing is deleted, and it can be taken back",
        ),
    )


RULES: Rules = {SignalName.MEMORY: (_explain_memory, _explain_lowered_memory)}
