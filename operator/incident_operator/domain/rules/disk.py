"""Causes on a disk."""

from __future__ import annotations

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_operator.domain.evidence import (
    Evidence,
    FileUsage,
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

_GROWING_FILES = (".log", ".tmp", ".gz", ".old", ".bak", ".dump", ".trace")


def _explain_usage(e: Evidence) -> Finding | None:
    used = max(sum(f.bytes for f in e.files), fact_number(e, "used_bytes"))
    culprits: list[FileUsage] = [
        f for f in e.files if f.path.endswith(_GROWING_FILES) and used and f.bytes / used >= 0.1
    ]
    taken = sum(f.bytes for f in culprits)
    if not culprits or taken / used < DOMINANT_SHARE:
        return None
    names = ", ".join(f.path for f in culprits)
    return Finding(
        fault=FaultType.DISK_FILL,
        summary=f"The disk is filled by {names} ({taken / MIB:.1f} MiB).",
        solution=f"Delete {names}; data files stay.",
        confidence=confidence_of(taken / used),
        fact=f"{names}: {taken / MIB:.1f} of {used / MIB:.1f} MiB used",
        actions=(
            ActionDraft(
                ActionType.DISK_CLEANUP,
                e.system,
                ActionParams(files=[f.path for f in culprits]),
                f"{len(culprits)} file(s) go and {taken / MIB:.0f} MiB become free; their content is lost",
            ),
        ),
    )


RULES: Rules = {SignalName.USAGE: (_explain_usage,)}
