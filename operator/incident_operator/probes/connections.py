"""Postgres connections: 100 - idle / total * 100, once the total passes half of max_connections."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets import Exhausted
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget

_QUERY = """
SELECT count(*), count(*) FILTER (WHERE state = 'idle'), current_setting('max_connections')::int
FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s
"""


class ConnectionsProbe(Probe):
    """Idle sessions are harmless while there is room; a server that refuses clients is at 0 whoever holds it."""

    signal: ClassVar[SignalName] = SignalName.CONNECTIONS
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.POSTGRES})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        canary = await reading.canary()
        if isinstance(canary, Exhausted):
            return Signal(self.signal, 0, f"the server refuses clients: {canary}")
        rows = await narrow(reading.target, PostgresTarget).execute(_QUERY, (OPERATOR_NAME,))
        total, idle, limit = (int(value) for value in rows[0])
        metrics = {"total": float(total), "idle": float(idle), "max": float(limit)}
        message = f"{total} of {limit} connections, {idle} of them idle"
        if total * 2 <= limit:
            return Signal(self.signal, 100, message, metrics)
        return Signal(self.signal, clamp_health(100 - idle / total * 100), message, metrics)
