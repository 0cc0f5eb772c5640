"""redis-test: a Redis with a memory limit that it does not evict its way out of, and with few client slots."""

from __future__ import annotations

import hashlib
from pathlib import Path

from incident_crds.catalogue import SystemType
from incident_local.ports import LOOPBACK
from incident_local.probes import RedisProbe
from incident_local.processes import Command
from incident_local.settings import child_environment
from incident_local.state import StateFolder, write_private
from incident_local.supervisor import OnExit, Service
from incident_local.systems.base import Credentials, TargetSystem, ensure_credentials

NAME = "redis-test"

# The append-only file keeps ordinary data over a restart, as the drills count what a remedy loses. It is not
# synced: these data are worth a crash of the process, not one of the machine.
_CONFIG = """\
bind {host}
port {port}
protected-mode yes
daemonize no
dir {folder}
maxmemory 64mb
maxmemory-policy noeviction
maxclients 200
save ""
appendonly yes
appendfsync no
user default off
user {c.username} on #{control_hash} ~* &* +@all
user {c.app_username} on #{app_hash} ~* &* +@read +@write +@connection +@transaction -@dangerous +ping +select
"""


def build_redis(program: Path, state: StateFolder, port: int) -> TargetSystem:
    """Write its configuration and say how it is started."""
    credentials = ensure_credentials(state, NAME)
    folder = state.data / NAME
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "redis.conf"
    write_private(config, _config(credentials, folder, port))
    command = Command(NAME, (str(program), str(config)), state.logs / f"{NAME}.log", child_environment())
    probe = RedisProbe(port, credentials.username, credentials.password)
    return TargetSystem(
        name=NAME,
        type=SystemType.REDIS,
        endpoint=f"redis://{LOOPBACK}:{port}/0",
        credentials=credentials,
        service=Service(command, probe, OnExit.LEAVE),
    )


def _config(credentials: Credentials, folder: Path, port: int) -> str:
    return _CONFIG.format(
        host=LOOPBACK,
        port=port,
        folder=_quoted(folder),
        c=credentials,
        control_hash=_sha256(credentials.password),
        app_hash=_sha256(credentials.app_password),
    )


def _quoted(folder: Path) -> str:
    """As redis.conf reads it, for folders with blanks in their names."""
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
