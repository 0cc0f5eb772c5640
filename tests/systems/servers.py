"""Real servers for the tests of this folder: Redis, Postgres and the disk agent, on free ports of the loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from incident_local.accounts import unprivileged_account
from incident_local.programs import find_postgres, find_redis
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.wheels import WheelStore
from incident_operator.targets import Access
from tests.processes import free_port

CONTROL_USER, CONTROL_PASSWORD = "keeper", "keeper-secret"
APP_USER, APP_PASSWORD = "app", "app-secret"
MAXMEMORY = 64 * 1024 * 1024
DISK_CAPACITY = 64 * 1024 * 1024
MAX_CONNECTIONS = 50
MAX_CLIENTS = 200


def wait_until(is_ready: Callable[[], bool], what: str, timeout: float = 20) -> None:
    end = time.monotonic() + timeout
    while not is_ready():
        assert time.monotonic() < end, f"{what} did not happen within {timeout} s"
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Server:
    """A process in a group of its own, with the folder that holds its data and its log."""

    name: str
    command: list[str]
    folder: Path
    port: int
    environment: Mapping[str, str]
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder.parent / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                user=self.user,
                cwd=self.folder,
                start_new_session=True,
            )
        process = self.process
        wait_until(lambda: process.poll() is not None or is_listening(self.port), f"{self.name} listening")
        assert process.poll() is None, (self.folder.parent / f"{self.name}.log").read_text()[-2000:]

    def end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None


def _store() -> WheelStore:
    return WheelStore(Settings().cache_dir, Progress(quiet=True))


def redis_server(folder: Path) -> Server:
    port = free_port()
    (folder / "users.acl").write_text(
        "user default off\n"
        f"user {CONTROL_USER} on >{CONTROL_PASSWORD} ~* &* +@all\n"
        f"user {APP_USER} on >{APP_PASSWORD} ~* +@read +@write +@connection -@dangerous\n"
    )
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "aclfile": folder / "users.acl",
        "maxmemory": MAXMEMORY,
        "maxmemory-policy": "noeviction",
        "maxclients": MAX_CLIENTS,
        "save": "",
        "appendonly": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return Server("redis", [str(asyncio.run(find_redis(_store()))), *arguments], folder, port, {})


def postgres_server(folder: Path) -> Server:
    account = unprivileged_account()
    user = account.name if account else None
    programs = asyncio.run(find_postgres(_store(), account))
    port, data = free_port(), folder / "data"
    password = folder.parent / "postgres.pw"
    password.write_text(CONTROL_PASSWORD)
    if account:
        os.chown(folder, account.uid, account.gid)
        os.chown(password, account.uid, account.gid)
    init = [str(programs / "initdb"), "-D", str(data), "-U", CONTROL_USER, "-A", "scram-sha-256"]
    init += ["--pwfile", str(password), "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run(init, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, env={"LC_ALL": "C"})
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": MAX_CONNECTIONS,
        "fsync": "off",
        "logging_collector": "off",
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Server("postgres", [str(programs / "postgres"), "-D", str(data), *arguments], folder, port, {}, user)


def create_app_role(port: int) -> None:
    address = f"postgresql://{CONTROL_USER}:{CONTROL_PASSWORD}@127.0.0.1:{port}/postgres"

    def is_up() -> bool:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_until(is_up, "Postgres taking connections")
    with psycopg.connect(address, autocommit=True) as session:
        session.execute(f"CREATE ROLE {APP_USER} LOGIN PASSWORD '{APP_PASSWORD}'")
        session.execute("CREATE DATABASE app")


def agent_server(folder: Path, capacity: int = DISK_CAPACITY) -> Server:
    port = free_port()
    root = folder / "root"
    root.mkdir(exist_ok=True)
    (folder / "token").write_text(CONTROL_PASSWORD)
    (folder / "app-token").write_text(APP_PASSWORD)
    environment = {
        "INCIDENTSIM_AGENT_DIRECTORY": str(root),
        "INCIDENTSIM_AGENT_LISTEN": f"127.0.0.1:{port}",
        "INCIDENTSIM_AGENT_CAPACITY_BYTES": str(capacity),
        "INCIDENTSIM_AGENT_TOKEN_FILE": str(folder / "token"),
        "INCIDENTSIM_AGENT_APP_TOKEN_FILE": str(folder / "app-token"),
    }
    return Server("agent", [sys.executable, "-m", "incident_operator.disk_agent"], folder, port, environment)


def access_to(endpoint: str) -> Access:
    return Access(
        endpoint=endpoint,
        username=CONTROL_USER,
        password=CONTROL_PASSWORD,
        app_username=APP_USER,
        app_password=APP_PASSWORD,
    )


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """A folder that another system user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix=f"incidentsim-{name}-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / name
        folder.mkdir(mode=0o755)
        yield folder
