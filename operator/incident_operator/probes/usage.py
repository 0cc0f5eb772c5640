"""Disk usage: 100 - used / total * 100."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import MIB, Probe, Reading
from incident_operator.probes.untrusted import clean_name
from incident_operator.targets.base import narrow
from incident_operator.targets.disk import DiskTarget


class UsageProbe(Probe):
    """The total is what the spec and the volume allow, whichever is less."""

    signal: ClassVar[SignalName] = SignalName.USAGE
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.DISK})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        usage = await narrow(reading.target, DiskTarget).usage()
        used, total = usage.used_bytes, usage.total_bytes
        message = f"used {used / MIB:.1f} of {total / MIB:.1f} MiB"
        metrics = {"usedBytes": float(used), "totalBytes": float(total)}
        health = clamp_health(100 - used / max(1, total) * 100)
        return Signal(self.signal, health, message, metrics, enforced_by=clean_name(usage.enforced_by))
