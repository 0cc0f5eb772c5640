"""Postgres locks: 100 - blocked / client backends * 100."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets.base import OPERATOR_NAME, narrow
from incident_operator.targets.postgres import PostgresTarget

_BLOCKED_SECONDS = 2
"""A shorter wait for a lock is ordinary business."""

# wait_event_type first: pg_blocking_pids takes the lock manager's own locks, and is asked only about those who wait
_QUERY = """
SELECT count(*), count(*) FILTER (
         WHERE wait_event_type = 'Lock' AND now() - query_start > make_interval(secs => %s)
         AND cardinality(pg_blocking_pids(pid)) > 0)
FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s
"""


class LocksProbe(Probe):
    """Sessions that wait for another's lock longer than is ordinary."""

    signal: ClassVar[SignalName] = SignalName.LOCKS
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.POSTGRES})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        rows = await narrow(reading.target, PostgresTarget).execute(_QUERY, (_BLOCKED_SECONDS, OPERATOR_NAME))
        total, blocked = (int(value) for value in rows[0])
        message = f"{blocked} of {total} sessions blocked for more than {_BLOCKED_SECONDS} s"
        metrics = {"sessions": float(total), "blocked": float(blocked)}
        return Signal(self.signal, clamp_health(100 - blocked / max(1, total) * 100), message, metrics)
