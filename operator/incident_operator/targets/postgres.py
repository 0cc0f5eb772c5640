"""Postgres over a kept control session and a newly made one for each canary."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, LiteralString

import psycopg
from psycopg import sql
from typing_extensions import override

from incident_crds.catalogue import SystemType
from incident_operator.targets.base import CONTROL_KEYS, OPERATOR_NAME, ORDINARY_KEYS, Access, Target
from incident_operator.targets.errors import Refused, TargetError, Unreachable
from incident_operator.targets.postgres_link import (
    PostgresConnection,
    PostgresLogin,
    bounded,
    connect,
    translate_error,
)

OWN_SCHEMA = "incidentsim"
"""Holds the canary's table; never measured and never blamed."""

Row = tuple[Any, ...]
Query = LiteralString | sql.SQL | sql.Composed

_CUSTOMERS, _ORDERS = 500, 1500
_LOOK_AGAIN = timedelta(milliseconds=10)
# set-up is done by two loops, and maybe by two operators, at once
_SETUP_LOCK = 7_265_431
_CANARY_TABLE = sql.SQL("{schema}.canary").format(schema=sql.Identifier(OWN_SCHEMA))


class PostgresTarget(Target):
    """A Postgres server, 14 or later (it needs idle_session_timeout)."""

    type: ClassVar[SystemType] = SystemType.POSTGRES
    canary_round_trips: ClassVar[int] = 6  # the offer of TLS, three for the password, and two statements

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._session: PostgresConnection | None = None
        self._opening = asyncio.Lock()

    async def new_session(
        self, application_name: str, *, ordinary: bool = False, settings: Mapping[str, str] | None = None
    ) -> PostgresConnection:
        """A session of its own, in autocommit; the caller closes it. Raises TargetError."""
        access = self.access.for_clients() if ordinary else self.access
        access.parse()  # libpq would take an odd one for its own defaults
        milliseconds = int(access.timeout.total_seconds() * 1000)
        login = PostgresLogin(
            endpoint=access.endpoint,
            address=access.address,
            database=access.database,
            username=access.app_username if ordinary else access.username,
            password=access.app_password if ordinary else access.password,
            secret_keys=ORDINARY_KEYS if ordinary else CONTROL_KEYS,
            timeout=access.timeout,
        )
        all_settings = {"statement_timeout": str(milliseconds), **(settings or {})}
        return await bounded(connect(login, application_name, all_settings), access.timeout, access.address)

    @override
    async def open(self) -> None:
        try:
            await self.execute("SELECT 1")
        except Unreachable:
            await self.close()
            await self.execute("SELECT 1")

    @override
    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @override
    async def canary(self) -> timedelta:
        await self._control_session()  # the first one makes the canary's table
        started = time.perf_counter()
        session = await self.new_session(OPERATOR_NAME, ordinary=True)
        try:
            # always the one row: its dead versions are pruned with the next write, so the table stays a page
            query = sql.SQL(
                "INSERT INTO {} AS c (id, writes) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET writes = c.writes + 1"
            ).format(_CANARY_TABLE)
            await self._run(session, query, ())
            if not await self._run(session, sql.SQL("SELECT writes FROM {} WHERE id = 1").format(_CANARY_TABLE), ()):
                raise Refused(f"{self.access.address} lost a row that it had just taken")
        finally:
            await session.close()
        return timedelta(seconds=time.perf_counter() - started)

    @override
    async def seed(self) -> None:
        app = sql.Identifier(self.access.app_username)
        await self.execute("SELECT pg_advisory_lock(%s)", (_SETUP_LOCK,))
        try:
            await self.execute(
                "CREATE TABLE IF NOT EXISTS public.customers"
                " (id int PRIMARY KEY, name text NOT NULL, joined date NOT NULL)"
            )
            await self.execute(
                "CREATE TABLE IF NOT EXISTS public.orders"
                " (id int PRIMARY KEY, customer int NOT NULL, cents int NOT NULL, placed timestamptz NOT NULL)"
            )
            await self.execute(
                "INSERT INTO public.customers SELECT n, 'customer ' || n, date '2024-01-01' + n %% 700"
                " FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
                (_CUSTOMERS,),
            )
            await self.execute(
                "INSERT INTO public.orders SELECT n, 1 + n %% %s, 100 + n %% 9000, timestamptz '2025-01-01' + n * "
                "interval '7 minutes' FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
                (_CUSTOMERS, _ORDERS),
            )
            for table in ("customers", "orders"):
                name = sql.Identifier("public", table)
                await self.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(name, app))
                # statistics at once, or the tables' state would be unknown until autovacuum comes by
                await self.execute(sql.SQL("ANALYZE {}").format(name))
        finally:
            await self.execute("SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK,))

    @override
    async def count_ordinary(self) -> int:
        count = 0
        for table, highest in (("customers", _CUSTOMERS), ("orders", _ORDERS)):
            name = sql.Identifier("public", table)
            if await self.fetch_value("SELECT to_regclass(%s) IS NOT NULL", (f"public.{table}",)):
                query = sql.SQL("SELECT count(*) FROM {} WHERE id BETWEEN 1 AND %s").format(name)
                count += int(await self.fetch_value(query, (highest,)))
        return count

    @override
    async def identity(self) -> str:
        return str(await self.fetch_value("SELECT pg_postmaster_start_time()::text"))

    @override
    async def ping(self) -> timedelta:
        await self._control_session()
        started = time.perf_counter()
        await self.execute("SELECT 1")
        return timedelta(seconds=time.perf_counter() - started)

    async def execute(
        self, query: Query, parameters: Sequence[object] = (), *, timeout: timedelta | None = None
    ) -> list[Row]:
        """A statement with control rights; its rows, if it has any.

        A longer `timeout` than the access's is for maintenance, and is given to the server too.
        """
        session = await self._control_session()
        if timeout is None:
            return await self._run(session, query, parameters)
        await self._set_statement_timeout(session, timeout)
        try:
            return await self._run(session, query, parameters, timeout=timeout)
        finally:
            if not session.closed:
                await self._set_statement_timeout(session, self.access.timeout)

    async def fetch_value(self, query: Query, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row."""
        rows = await self.execute(query, parameters)
        if not rows:
            raise Refused(f"{self.access.address} answered without a row")
        return rows[0][0]

    async def end_sessions(self, application_name: str) -> int:
        """End every session of this name, whatever it does; how many there were. They may take a moment to go."""
        rows = await self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND pid <> pg_backend_pid()",
            (application_name,),
        )
        return len(rows)

    async def count_sessions(self, application_name: str) -> int:
        """How many sessions of this name there are."""
        query: LiteralString = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        return int(await self.fetch_value(query, (application_name,)))

    async def is_active(self, application_name: str) -> bool:
        """Whether a session of this name is executing something, by the server's own account."""
        query: LiteralString = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state = 'active'"
        return bool(await self.fetch_value(query, (application_name,)))

    async def wait_for_activity(self, application_name: str) -> None:
        """Until `is_active`."""
        async with self.bounded():
            # what is waited for happens at the server, which sets no event of ours
            while not await self.is_active(application_name):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN.total_seconds())

    async def _control_session(self) -> PostgresConnection:
        async with self._opening:
            if self._session is None or self._session.closed:
                session = await self.new_session(OPERATOR_NAME)
                self._session = session
                try:
                    await self._prepare(session)
                except TargetError:
                    await self.close()
                    raise
            return self._session

    async def _prepare(self, session: PostgresConnection) -> None:
        """The canary's table: it must be there before the first probe, or that would find an outage."""
        app = sql.Identifier(self.access.app_username)
        schema = sql.Identifier(OWN_SCHEMA)
        ready = await self._run(
            session,
            "SELECT has_table_privilege(%s, to_regclass(%s), 'INSERT')",
            (self.access.app_username, f"{OWN_SCHEMA}.canary"),
        )
        if ready[0][0]:
            return
        await self._run(session, "SELECT pg_advisory_lock(%s)", (_SETUP_LOCK,))
        statements = (
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema),
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (id int PRIMARY KEY, writes bigint NOT NULL) WITH (fillfactor = 10)"
            ).format(_CANARY_TABLE),
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, app),
            sql.SQL("GRANT SELECT, INSERT, UPDATE ON {} TO {}").format(_CANARY_TABLE, app),
        )
        try:
            for statement in statements:
                await self._run(session, statement, ())
        finally:
            await self._run(session, "SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK,))

    async def _set_statement_timeout(self, session: PostgresConnection, timeout: timedelta) -> None:
        milliseconds = str(int(timeout.total_seconds() * 1000))
        await self._run(session, "SELECT set_config('statement_timeout', %s, false)", (milliseconds,))

    async def run_on(self, session: PostgresConnection, query: Query, parameters: Sequence[object] = ()) -> list[Row]:
        """A statement on a session of `new_session`."""
        return await self._run(session, query, parameters)

    async def _run(
        self,
        session: PostgresConnection,
        query: Query,
        parameters: Sequence[object],
        *,
        timeout: timedelta | None = None,
    ) -> list[Row]:
        limit = timeout or self.access.timeout
        try:
            # the server ends the statement first, where it can, and the session lives on
            grace = timedelta(milliseconds=250)
            return await bounded(_fetch(session, query, parameters), limit + grace, self.access.address)
        except psycopg.Error as error:
            raise translate_error(error, self.access.address) from error


async def _fetch(session: PostgresConnection, query: Query, parameters: Sequence[object]) -> list[Row]:
    cursor = await session.execute(query, parameters or None)
    return await cursor.fetchall() if cursor.description else []
