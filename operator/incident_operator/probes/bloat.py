"""Postgres bloat: 100 / (1 + dead / live) of the worst user table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import FEWEST_DEAD, table_health
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import Probe, Reading
from incident_operator.targets.base import narrow
from incident_operator.targets.postgres import OWN_SCHEMA, PostgresTarget

_FEWEST_PAGES = 5
"""A table of fewer pages cannot hide so many dead rows: a row takes at least 28 bytes and its pointer."""

# A table counts as unknown when its statistics were lost (a reset, or a crash of the server): it is large, nobody has
# analysed or vacuumed it since, and its counters account for less than half of the rows it is known to hold.
_QUERY = """
SELECT s.schemaname || '.' || s.relname, s.n_live_tup, s.n_dead_tup,
       c.relpages_now >= %s AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL
       AND s.last_vacuum IS NULL AND s.last_autovacuum IS NULL
       AND (CASE WHEN c.reltuples > 0 THEN s.n_live_tup + s.n_dead_tup < c.reltuples / 2
            ELSE s.n_live_tup + s.n_dead_tup = 0 END)
FROM pg_stat_user_tables s
JOIN (SELECT oid, reltuples, pg_relation_size(oid) / current_setting('block_size')::int AS relpages_now
      FROM pg_class WHERE relkind = 'r') c ON c.oid = s.relid
WHERE s.schemaname <> %s
"""


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
        rows = await narrow(reading.target, PostgresTarget).execute(_QUERY, (_FEWEST_PAGES, OWN_SCHEMA))
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
