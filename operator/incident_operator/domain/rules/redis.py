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


RULES: Rules = {SignalName.MEMORY: (_explain_memory,)}
