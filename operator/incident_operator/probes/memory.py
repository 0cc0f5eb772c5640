"""Redis memory: 100 - used_memory / maxmemory * 100."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import MIB, Probe, Reading
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget


class MemoryProbe(Probe):
    """Without a maxmemory there is nothing to run out of, and the signal is 100."""

    signal: ClassVar[SignalName] = SignalName.MEMORY
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.REDIS})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        info = await narrow(reading.target, RedisTarget).info("memory")
        used, limit = int(info["used_memory"]), int(info.get("maxmemory", 0))
        metrics = {"usedBytes": float(used), "maxBytes": float(limit)}
        if limit == 0:
            return Signal(self.signal, 100, f"used {used / MIB:.1f} MiB, no maxmemory is set", metrics)
        message = f"used {used / MIB:.1f} of {limit / MIB:.1f} MiB"
        return Signal(self.signal, clamp_health(100 - used / limit * 100), message, metrics)
