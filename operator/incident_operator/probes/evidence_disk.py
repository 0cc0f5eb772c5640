"""Which files take up the disk."""

from __future__ import annotations

from datetime import UTC, datetime

from incident_operator.domain.evidence import Evidence, FileUsage
from incident_operator.domain.sample import Signal
from incident_operator.probes.untrusted import clean_name
from incident_operator.targets.disk import DiskTarget

_MOST_FILES = 50


async def read_disk(target: DiskTarget, system: str, signals: tuple[Signal, ...]) -> Evidence:
    """The largest files, with the age of their last write."""
    usage = await target.usage()
    files = await target.largest_files(_MOST_FILES)
    now = datetime.now(UTC)
    return Evidence(
        system=system,
        type=target.type,
        signals=signals,
        files=tuple(
            FileUsage(clean_name(f.path), f.bytes, max(0, int((now - f.modified_at).total_seconds()))) for f in files
        ),
        facts={
            "total_bytes": float(usage.total_bytes),
            "used_bytes": float(usage.used_bytes),
            "enforced_by": clean_name(usage.enforced_by),
        },
    )
