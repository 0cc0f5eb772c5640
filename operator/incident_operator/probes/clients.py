"""Redis clients: 100 - connected_clients / maxclients * 100."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets.base import narrow
from incident_operator.targets.redis import RedisTarget


class ClientsProbe(Probe):
    """Connections against the server's own limit."""

    signal: ClassVar[SignalName] = SignalName.CLIENTS
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.REDIS})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        info = await narrow(reading.target, RedisTarget).info("clients")
        connected, limit = int(info["connected_clients"]), int(info.get("maxclients", 0))
        metrics = {"connected": float(connected), "max": float(limit)}
        if limit == 0:
            return Signal(self.signal, None, f"{connected} clients; the server does not tell its limit", metrics)
        message = f"{connected} of {limit} clients"
        return Signal(self.signal, clamp_health(100 - connected / limit * 100), message, metrics)
