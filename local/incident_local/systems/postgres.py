"""postgres-test: a Postgres with few connections, so that they can run out."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

from incident_crds.catalogue import SystemType
from incident_local.accounts import folder_for, give_folder
from incident_local.errors import StartFailed
from incident_local.oneshot import run_to_end
from incident_local.ports import LOOPBACK
from incident_local.probes import PostgresProbe
from incident_local.processes import Account, Command, rotate_log, tail
from incident_local.settings import child_environment
from incident_local.state import StateFolder, write_private
from incident_local.supervisor import OnExit, Service
from incident_local.systems.base import Credentials, TargetSystem, ensure_credentials

NAME = "postgres-test"
DATABASE = "app"
INIT_SECONDS = 120.0

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "50",
    "superuser_reserved_connections": "3",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "password_encryption": "scram-sha-256",
    # The data are drills: worth a crash of the process, which this survives, not one of the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_connections": "off",
}


async def build_postgres(programs: Path, state: StateFolder, port: int, account: Account | None) -> TargetSystem:
    """Make the data folder where there is none, and say how the server is started. `programs` holds its binaries."""
    credentials = ensure_credentials(state, NAME)
    folder = folder_for(account, state.data / NAME)
    log = state.logs / f"{NAME}.log"
    made_by = folder / "data" / "PG_VERSION"
    if not made_by.exists():
        await _initialise(programs, folder, credentials, account, state.logs / f"{NAME}-initdb.log")
    elif (old := made_by.read_text().strip()) != (new := await _major_version(programs, folder, account, log)):
        raise StartFailed(
            f"The data of {NAME} were made by PostgreSQL {old}, and {programs} is PostgreSQL {new}",
            remedy=f"put PostgreSQL {old} on PATH, or begin anew with `incident-simulator down --delete-data`",
        )
    options = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(port)}.items()]
    argv = (str(programs / "postgres"), "-D", str(folder / "data"), *options)
    command = Command(
        NAME,
        argv,
        log,
        _environment(),
        folder=folder,
        account=account,
        stop_signal=signal.SIGINT,  # fast: it does not wait for its clients to go
        death_signal=signal.SIGQUIT,  # the postmaster takes its children along, which SIGKILL would leave for a while
    )
    return TargetSystem(
        name=NAME,
        type=SystemType.POSTGRES,
        endpoint=f"postgresql://{LOOPBACK}:{port}/{DATABASE}",
        credentials=credentials,
        service=Service(command, PostgresProbe(port, credentials.username, DATABASE), OnExit.LEAVE, 60.0),
        database=DATABASE,
    )


async def _initialise(
    programs: Path, folder: Path, credentials: Credentials, account: Account | None, log: Path
) -> None:
    """Into a folder beside it and then renamed: half a cluster is never taken for a whole one."""
    give_folder(folder, account)
    partial = folder / "data.partial"
    shutil.rmtree(partial, ignore_errors=True)
    password = _password_file(folder, credentials, account)
    rotate_log(log)
    try:
        await _run(
            (str(programs / "initdb"), "-D", str(partial), f"--username={credentials.username}",
             f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            folder, account, log, stdin="",
        )  # fmt: skip
        # The single-user mode needs no server, no port and no client library.
        for database, statement in _statements(credentials):
            argv = (str(programs / "postgres"), "--single", "-j", "-F", "-D", str(partial), database)
            await _run(argv, folder, account, log, stdin=f"{statement};\n\n")
    finally:
        password.unlink(missing_ok=True)
    partial.rename(folder / "data")


async def _major_version(programs: Path, folder: Path, account: Account | None, log: Path) -> str:
    said: list[str] = []
    argv = (str(programs / "postgres"), "--version")
    await run_to_end(
        argv,
        environment=_environment(),
        folder=folder,
        account=account,
        log=log,
        timeout_seconds=INIT_SECONDS,
        on_line=said.append,
    )
    found = re.search(r"\d+", " ".join(said).partition("PostgreSQL")[2])
    return found[0] if found else "of an unknown version"


def _password_file(folder: Path, credentials: Credentials, account: Account | None) -> Path:
    path = folder / "password"
    write_private(path, credentials.password)
    if account:
        os.chown(path, account.uid, account.gid)
    return path


def _statements(credentials: Credentials) -> list[tuple[str, str]]:
    """Passwords hold letters, digits, - and _ only, so there is nothing to quote."""
    role = f"CREATE ROLE {credentials.app_username} LOGIN PASSWORD '{credentials.app_password}'"
    return [
        ("postgres", role),
        ("postgres", f"CREATE DATABASE {DATABASE} OWNER {credentials.app_username}"),
    ]


async def _run(argv: tuple[str, ...], folder: Path, account: Account | None, log: Path, *, stdin: str) -> None:
    name = Path(argv[0]).name
    try:
        code = await run_to_end(
            argv,
            environment=_environment(),
            folder=folder,
            account=account,
            log=log,
            stdin=stdin,
            timeout_seconds=INIT_SECONDS,
        )
    except TimeoutError:
        raise StartFailed(f"{name} for {NAME} took more than {INIT_SECONDS:g} s", log=log) from None
    except OSError as error:
        raise StartFailed(f"{name} for {NAME} cannot be started: {error.strerror}: {argv[0]}") from error
    # In single-user mode a failed statement is only told in words.
    if code != 0 or "ERROR:" in tail(log, 5):
        raise StartFailed(f"{name} for {NAME} ended with exit code {code}\n{tail(log)}", log=log)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in child_environment().items() if not name.startswith("PG")}
    return inherited | {"LC_ALL": "C", "TZ": "UTC"}
