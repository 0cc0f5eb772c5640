"""What is on the systems, read with plain clients: a scan that shares no code with what it judges.

It knows no tags. Whatever is there after a drill that was not there before it is residue, and whatever
is gone was destroyed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
import redis.asyncio as redis
from psycopg import sql
from redis.exceptions import RedisError

from incident_local.ports import LOOPBACK
from incident_local.state import StateFolder
from incident_local.systems.proxy import proxy_ports

_REDIS, _POSTGRES, _DISK = "redis-test", "postgres-test", "disk-monitor"
_OWN_KEYS = "healthcheck:"
"""The operator's canary: a key that comes and goes all the time."""
_OWN_NAME = "incidentsim-scan"
_OPERATOR_NAME = "incidentsim-operator"
"""Its control connections: they come and go with it."""
_PASSING = frozenset({"pid", "startedAt"})
"""What the control endpoint says that may change: a restart is a remedy."""
_ANSWER_SECONDS = 5.0

_RELATIONS = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(temp|toast_temp)'
"""
_SESSIONS = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name NOT IN (%s, %s, '')
"""
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
_SETTINGS = "SELECT setdatabase::text || ' ' || setrole::text || ' ' || setconfig::text FROM pg_db_role_setting"


class ScanFailed(Exception):
    """A system could not be looked at; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a fault could leave or destroy, as names of things."""

    things: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Kind of thing to names: whatever is new here is residue."""
    goods: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Kind of thing to names: whatever is missing here was destroyed."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings and states, which must be as they were."""

    def differences(self, now: Snapshot) -> list[str]:
        """What is not as it was, in words; empty where nothing is."""
        found = [
            f"{len(new)} {kind} left: {_some(new)}"
            for kind, names in now.things.items()
            if (new := names - self.things.get(kind, frozenset()))
        ]
        found += [
            f"{len(lost)} {kind} destroyed: {_some(lost)}"
            for kind, names in self.goods.items()
            if (lost := names - now.goods.get(kind, frozenset()))
        ]
        for name in sorted({*self.settings, *now.settings}):
            was, is_now = self.settings.get(name), now.settings.get(name)
            if was != is_now:
                found.append(f"{name} was {was!r}, is {is_now!r}")
        return found


def _some(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")


class Scanner:
    """Looks at the systems of one stack, each with its control rights."""

    def __init__(self, state: StateFolder, ports: Mapping[str, int], control_url: str) -> None:
        self._state = state
        self._ports = ports
        self._control_url = control_url

    async def snapshot(self) -> Snapshot:
        """All systems. Raises ScanFailed where one does not answer."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                parts = [await self._redis(), await self._postgres(), await self._controls(), self._disk()]
        except (OSError, TimeoutError, RedisError, psycopg.Error, aiohttp.ClientError) as error:
            raise ScanFailed(f"a system could not be looked at: {str(error) or type(error).__name__}") from error
        return Snapshot(
            things={kind: names for part in parts for kind, names in part.things.items()},
            goods={kind: names for part in parts for kind, names in part.goods.items()},
            settings={name: value for part in parts for name, value in part.settings.items()},
        )

    def _password(self, system: str) -> str:
        return (self._state.secrets / f"{system}.control.password").read_text()

    async def _redis(self) -> Snapshot:
        client = redis.Redis(
            host=LOOPBACK,
            port=self._ports[_REDIS],
            username="control",
            password=self._password(_REDIS),
            client_name=_OWN_NAME,
            decode_responses=True,
        )
        try:
            keys = {key async for key in client.scan_iter(count=1000) if not key.startswith(_OWN_KEYS)}
            names = {c["name"] for c in await client.client_list()} - {"", _OWN_NAME, _OPERATOR_NAME}
            config = await client.config_get("*")
        finally:
            await client.aclose()
        return Snapshot(
            {"Redis keys": frozenset(keys), "Redis clients": frozenset(names)},
            {"Redis keys": frozenset(keys)},
            {f"Redis {name}": str(value) for name, value in config.items()},
        )

    async def _postgres(self) -> Snapshot:
        async with self._postgres_session() as session:

            async def column(query: str, *parameters: str) -> frozenset[str]:
                found = await session.execute(query, parameters)
                return frozenset(str(value) for row in await found.fetchall() for value in row)

            relations, sessions = await column(_RELATIONS), await column(_SESSIONS, _OWN_NAME, _OPERATOR_NAME)
            waiting, settings = await column(_WAITING), await column(_SETTINGS)
            counted: dict[str, str] = {}
            for table in await column(_TABLES):
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table))
                (rows,) = await (await session.execute(count)).fetchone() or (0,)
                counted[f"Postgres rows of {table}"] = str(rows)
        return Snapshot(
            {
                "Postgres relations": relations,
                "Postgres sessions": sessions,
                "Postgres role settings": settings,
            },
            {"Postgres relations": relations},
            counted | {"Postgres waiting locks": ", ".join(waiting)},
        )

    @asynccontextmanager
    async def _postgres_session(self) -> AsyncIterator[psycopg.AsyncConnection]:
        connection = await psycopg.AsyncConnection.connect(
            host=LOOPBACK,
            port=self._ports[_POSTGRES],
            dbname="app",
            user="control",
            password=self._password(_POSTGRES),
            application_name=_OWN_NAME,
            autocommit=True,
        )
        async with connection:
            yield connection

    def _disk(self) -> Snapshot:
        """The folder itself, the agent's own notes included."""
        folder: Path = self._state.data / _DISK
        files = frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        return Snapshot({"files": files}, {"files": files})

    async def _controls(self) -> Snapshot:
        """What control endpoint and proxy say: whether each system runs, and whether somebody stopped or delays it."""
        token = self._state.control_token.read_text()
        settings: dict[str, str] = {}
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            for system in (_REDIS, _POSTGRES, _DISK):
                proxy = self._ports[proxy_ports(system)[1]]
                for name, url in (
                    (system, f"{self._control_url}/{system}"),
                    (f"{system}-proxy", f"http://{LOOPBACK}:{proxy}/"),
                ):
                    async with session.get(url) as answer:
                        answer.raise_for_status()
                        state: dict[str, object] = await answer.json()
                    settings |= {f"{name} {key}": str(v) for key, v in state.items() if key not in _PASSING}
        return Snapshot(settings=settings)
