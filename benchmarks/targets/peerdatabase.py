"""A throwaway Postgres for the peer, with its tables, and incidents of the same kind as ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg

from benchmarks.samples import TEAMS, opened_at, phase_of, trouble_of
from benchmarks.targets.base import TargetFailed
from incident_local.accounts import unprivileged_account
from incident_local.oneshot import run_to_end
from incident_local.ports import LOOPBACK
from incident_local.processes import Child, Command, tail
from incident_local.programs import find_postgres
from incident_local.progress import Progress
from incident_local.settings import Settings, child_environment
from incident_local.wheels import WheelStore

USER, DATABASE = "incidentuser", "incidents"
_INIT_SECONDS = 120.0
_START_SECONDS = 60.0
_NAMES = UUID("6f1f6c1e-3c4f-4f8e-9d1a-0d1c52f8a111")
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # As this project's store: what a benchmark writes need not survive the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_LEFT_OUT = ("\\connect", "SET ROLE", "CREATE EXTENSION")
"""Lines for the container that the peer runs in; gen_random_uuid() has been built in since Postgres 13."""
_COLUMNS = {
    "incidents": (
        "id, message, source, status, team, generated_by, notes, metrics_snapshot, incident_type, actionable, "
        "affected_systems, remediation_mode, metadata, created_at, updated_at"
    ),
    "incident_analysis": (
        "incident_id, severity, diagnosis, diagnosis_provider, solution, solution_provider, confidence, created_at"
    ),
    "incident_status_history": "incident_id, from_status, to_status, changed_at",
}
_SEVERITIES = ("high", "medium", "low")


class PeerDatabase:
    """Use `start` and `stop`; the data are in a folder of its own, which goes with it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._log = folder / "postgres.log"
        self._port = port
        self._data: Path | None = None
        self._child: Child | None = None
        self._waiting: asyncio.Task[int] | None = None

    @property
    def pids(self) -> Sequence[int]:
        return [self._child.pid] if self._child else []

    async def start(self, migrations: Iterable[Path]) -> None:
        """An empty database with the tables. Raises TargetFailed."""
        account = unprivileged_account()
        programs = await find_postgres(WheelStore(Settings().cache_dir, Progress(quiet=True)), account)
        self._data = Path(tempfile.mkdtemp(prefix="incidentsim-bench-peer-"))
        if account is not None:
            os.chown(self._data, account.uid, account.gid)
        data = self._data / "data"
        argv = (str(programs / "initdb"), "-D", str(data), f"--username={USER}", "--auth=trust", "--encoding=UTF8")
        environment = _environment()
        code = await run_to_end(
            (*argv, "--locale=C", "--no-sync"),
            environment=environment,
            folder=self._data,
            account=account,
            log=self._log,
            timeout_seconds=_INIT_SECONDS,
        )
        if code != 0:
            raise TargetFailed(f"initdb for the peer ended with exit code {code}\n{tail(self._log)}")
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(self._port)}.items()]
        command = Command(
            "postgres for the peer",
            (str(programs / "postgres"), "-D", str(data), *options),
            self._log,
            environment,
            folder=self._data,
            account=account,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )
        self._child = await Child.start(command)
        self._waiting = asyncio.create_task(self._child.wait())
        await self._wait_ready()
        await asyncio.to_thread(self._make_tables, list(migrations))

    async def stop(self) -> None:
        """Nothing of it is left."""
        if self._child is not None and self._waiting is not None:
            await self._child.stop()
            await self._waiting
        if self._data is not None:
            shutil.rmtree(self._data, ignore_errors=True)

    async def seed(self, count: int) -> None:
        """Exactly these incidents, each with an analysis and three moves. Needs the tables to be complete."""
        await asyncio.to_thread(self._seed, count)

    async def _wait_ready(self) -> None:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                with suppress(psycopg.OperationalError):
                    (await asyncio.to_thread(self._connect, "postgres")).close()
                    return
                await asyncio.sleep(0.1)

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=LOOPBACK, port=self._port, user=USER, dbname=database, autocommit=True, connect_timeout=5
        )

    def _make_tables(self, migrations: Sequence[Path]) -> None:
        with self._connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        with self._connect(DATABASE) as connection:
            for migration in migrations:
                lines = migration.read_text().splitlines()
                kept = [line for line in lines if not line.strip().startswith(_LEFT_OUT)]
                connection.execute("\n".join(kept).encode())

    def _seed(self, count: int) -> None:
        rows = {"incidents": _incidents, "incident_analysis": _analyses, "incident_status_history": _moves}
        with self._connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE incidents, incident_analysis, incident_status_history, agent_executions CASCADE")
            for table, columns in _COLUMNS.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                    for row in rows[table](count):
                        copy.write_row(row)
            cursor.execute("ANALYZE")


def incident_id(number: int) -> UUID:
    """The same in every run."""
    return uuid5(_NAMES, str(number))


def _incidents(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        trouble, at = trouble_of(number), opened_at(number)
        yield (
            incident_id(number),
            f"{trouble.title} ({number})",
            trouble.system,
            phase_of(number).value.lower(),
            TEAMS[number % len(TEAMS)],
            "manual",
            "Looked at the dashboard; the pool of the worker is the usual suspect.",
            "{}",
            "real_system",
            True,
            [trouble.system],
            "automated",
            f'{{"region": "eu-1", "runbook": "runbook-{trouble.system}"}}',
            at,
            at,
        )


def _analyses(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        trouble = trouble_of(number)
        severity = _SEVERITIES[number % len(_SEVERITIES)]
        yield (
            incident_id(number),
            severity,
            trouble.summary,
            "rules",
            trouble.solution,
            "rules",
            0.9,
            opened_at(number),
        )


def _moves(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        steps = [(None, "triage"), ("triage", "investigating"), ("investigating", phase_of(number).value.lower())]
        for before, after in steps:
            yield incident_id(number), before, after, opened_at(number)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in child_environment().items() if not name.startswith("PG")}
    return inherited | {"LC_ALL": "C", "TZ": "UTC"}
