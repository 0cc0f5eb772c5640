"""Postgres bloat: 100 / (1 + dead / live) of the worst user table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psycopg import sql
from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import FEWEST_DEAD, table_health
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets.base import narrow
from incident_operator.targets.postgres import OWN_SCHEMA, PostgresTarget
from incident_operator.targets.postgres_statistics import STATISTICS_LOST

_QUERY = sql.SQL("""
SELECT s.schemaname || '.' || s.relname, s.n_live_tup, s.n_dead_tup, {lost}
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE c.relkind = 'r' AND s.schemaname <> %s
""").format(lost=STATISTICS_LOST)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    live: int
    dead: int
    is_unknown: bool

    @property
    def health(self) -> float:
        return table_health(live=self.live, dead=self.dead)


class BloatProbe(Probe):
    """Reads the server's statistics; where they were lost the signal is unknown until an ANALYZE, never healthy."""

    signal: ClassVar[SignalName] = SignalName.BLOAT
    system_types: ClassVar[frozenset[SystemType]] = frozenset({SystemType.POSTGRES})

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        rows = await narrow(reading.target, PostgresTarget).execute(_QUERY, (OWN_SCHEMA,))
        tables = [_Table(str(row[0]), int(row[1]), int(row[2]), bool(row[3])) for row in rows]
        bloated = [t for t in tables if t.dead >= FEWEST_DEAD]
        unknown = sorted(t.name for t in tables if t.is_unknown)
        worst = min(bloated, key=lambda t: (t.health, t.name), default=None)
        if unknown and (worst is None or worst.health >= policy.threshold_percent):
            message = f"statistics of {len(unknown)} tables were lost, such as {unknown[0]}; run ANALYZE"
            return Signal(self.signal, None, message, {"unknownTables": float(len(unknown))})
        if worst is None:
            metrics = {"dead": float(max((t.dead for t in tables), default=0)), "tables": float(len(tables))}
            return Signal(self.signal, 100, f"no table of {len(tables)} has {FEWEST_DEAD} dead rows", metrics)
        message = f"{worst.name} has {worst.dead} dead rows and {worst.live} live ones"
        metrics = {"dead": float(worst.dead), "live": float(worst.live), "tables": float(len(tables))}
        return Signal(self.signal, clamp_health(worst.health), message, metrics)
