"""Makes real dead rows, in a table of its own that autovacuum leaves alone."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import ClassVar, LiteralString

from psycopg import sql
from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import PostgresBloatFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import FEWEST_DEAD
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault, fill_error
from incident_operator.faults.sessions import end_sessions
from incident_operator.targets import Target
from incident_operator.targets.base import narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_link import PostgresConnection

_BATCH_ROWS = 20_000

# Each round commits, so that the sleeper never holds back the cleaning of dead rows for longer than a round. The
# server does not look whether its client is still there: that is what makes this a dead-man.
_DEAD_MAN: LiteralString = """
DO $body$
DECLARE ends timestamptz := clock_timestamp() + make_interval(secs => {seconds});
BEGIN
  WHILE clock_timestamp() < ends LOOP
    PERFORM pg_sleep(greatest(0, least(0.25, extract(epoch FROM ends - clock_timestamp()))));
    COMMIT;
  END LOOP;
  EXECUTE {drop};
END $body$
"""


class PostgresBloat(Fault):
    """A table whose rows are mostly deleted and not vacuumed."""

    type: ClassVar[FaultType] = FaultType.POSTGRES_BLOAT
    system_type: ClassVar[SystemType | None] = SystemType.POSTGRES
    signal: ClassVar[SignalName | None] = SignalName.BLOAT
    acceptable_actions = frozenset({ActionType.POSTGRES_VACUUM})
    dead_man: ClassVar[str] = "A session at the server sleeps until the fault is over and then drops the table."

    def __init__(self) -> None:
        self._sleepers: dict[str, PostgresConnection] = {}

    @override
    def fill_percent(self, spec: FaultSpec) -> int | None:
        return None

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        wanted = spec.postgres_bloat or PostgresBloatFault()
        dead = _dead_rows(wanted)
        if dead < FEWEST_DEAD:
            needed = math.ceil(FEWEST_DEAD * 100 / wanted.dead_percent)
            return f"{dead} dead rows would not be noticed, as fewer than {FEWEST_DEAD} never are; set rows to {needed}"
        return fill_error(wanted.dead_percent, policy, "dead rows")

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        return UndoRecord(tag=f"events_{tag_hash}", dead_man=self.dead_man)

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        wanted = spec.postgres_bloat or PostgresBloatFault()
        size = await narrow(target, PostgresTarget).fetch_value("SELECT pg_database_size(current_database())")
        rows = f"{wanted.rows} rows, {_dead_rows(wanted)} of them dead"
        return f"a table with {rows}, would come to its database of {size} bytes"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        postgres = narrow(target, PostgresTarget)
        wanted = spec.postgres_bloat or PostgresBloatFault()
        await self._end_sessions(postgres, undo)
        await self._drop(postgres, undo)
        # the dead-man first: there is no moment with a table and without it
        await self._start_sleeper(postgres, undo, lifetime)
        writer = await postgres.new_session(undo.tag)  # carries the tag, so that recover can cut it off
        try:
            await self._write(postgres, writer, undo, wanted)
        finally:
            await writer.close()

    @override
    async def keep(self, target: Target, undo: UndoRecord, lifetime: timedelta) -> None:
        """A restart of the server ends the sleeper too: another one takes its place."""
        postgres = narrow(target, PostgresTarget)
        if not await postgres.is_active(undo.tag):
            await self._start_sleeper(postgres, undo, lifetime)

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        postgres = narrow(target, PostgresTarget)
        await self._end_sessions(postgres, undo)
        reached(Failpoint.HALF_RECOVERED)
        await self._drop(postgres, undo)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        postgres = narrow(target, PostgresTarget)
        tables = await postgres.fetch_value("SELECT count(*) FROM pg_class WHERE relname = %s", (undo.tag,))
        return int(tables) + await postgres.count_sessions(undo.tag)

    async def _end_sessions(self, postgres: PostgresTarget, undo: UndoRecord) -> None:
        sleeper = self._sleepers.pop(undo.tag, None)
        if sleeper is not None:
            await sleeper.close()
        await end_sessions(postgres, undo.tag)

    async def _drop(self, postgres: PostgresTarget, undo: UndoRecord) -> None:
        await postgres.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_table(undo)))

    async def _start_sleeper(self, postgres: PostgresTarget, undo: UndoRecord, lifetime: timedelta) -> None:
        settings = {
            "statement_timeout": "0",
            "idle_session_timeout": "0",
            "client_connection_check_interval": "0",
        }
        session = await postgres.new_session(undo.tag, settings=settings)
        before, self._sleepers[undo.tag] = self._sleepers.get(undo.tag), session
        if before is not None:
            await before.close()
        drop = sql.SQL("DROP TABLE IF EXISTS {}").format(_table(undo)).as_string()
        command = sql.SQL(_DEAD_MAN).format(seconds=sql.Literal(lifetime.total_seconds()), drop=sql.Literal(drop))
        # sent and not awaited: it answers when the fault is over
        session.pgconn.send_query(command.as_bytes())
        session.pgconn.flush()
        await postgres.wait_for_activity(undo.tag)

    async def _write(
        self, postgres: PostgresTarget, writer: PostgresConnection, undo: UndoRecord, wanted: PostgresBloatFault
    ) -> None:
        table, dead = _table(undo), _dead_rows(wanted)
        create = "CREATE TABLE {} (id int, kind text, at timestamptz) WITH (autovacuum_enabled = off)"
        await postgres.run_on(writer, sql.SQL(create).format(table))
        owner = sql.Identifier(postgres.access.app_username)
        await postgres.run_on(writer, sql.SQL("ALTER TABLE {} OWNER TO {}").format(table, owner))
        for start in range(1, wanted.rows + 1, _BATCH_ROWS):
            end = min(start + _BATCH_ROWS - 1, wanted.rows)
            insert = "INSERT INTO {} SELECT n, 'click', now() FROM generate_series(%s::int, %s::int) n"
            await postgres.run_on(writer, sql.SQL(insert).format(table), (start, end))
            reached(Failpoint.HALF_INJECTED)
            if start <= dead:
                delete = sql.SQL("DELETE FROM {} WHERE id BETWEEN %s AND %s").format(table)
                await postgres.run_on(writer, delete, (start, min(end, dead)))
        await self._publish_statistics(postgres, writer, table)

    async def _publish_statistics(
        self, postgres: PostgresTarget, writer: PostgresConnection, table: sql.Identifier
    ) -> None:
        """The server would tell what was written only after a pause, and before 15 through another process."""
        if writer.info.server_version >= 150000:
            await postgres.run_on(writer, "SELECT pg_stat_force_next_flush()")
            await postgres.run_on(writer, "SELECT 1")
        else:
            await postgres.run_on(writer, sql.SQL("ANALYZE {}").format(table))


def _table(undo: UndoRecord) -> sql.Identifier:
    return sql.Identifier("public", undo.tag)


def _dead_rows(wanted: PostgresBloatFault) -> int:
    return wanted.rows * wanted.dead_percent // 100
