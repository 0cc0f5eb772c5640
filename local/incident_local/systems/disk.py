"""disk-monitor: the disk agent over a folder of 64 MiB."""

from __future__ import annotations

import sys

from incident_crds.catalogue import SystemType
from incident_local.ports import LOOPBACK
from incident_local.probes import HttpProbe
from incident_local.processes import Command
from incident_local.settings import child_environment
from incident_local.state import MEBIBYTE, StateFolder
from incident_local.supervisor import OnExit, Service
from incident_local.systems.base import TargetSystem, ensure_credentials

NAME = "disk-monitor"
CAPACITY_BYTES = 64 * MEBIBYTE


def build_disk(state: StateFolder, port: int) -> TargetSystem:
    """Make its folder and say how the agent is started."""
    credentials = ensure_credentials(state, NAME)
    folder = state.data / NAME
    folder.mkdir(parents=True, exist_ok=True)
    environment = child_environment(
        INCIDENTSIM_AGENT_DIRECTORY=str(folder),
        INCIDENTSIM_AGENT_LISTEN=f"{LOOPBACK}:{port}",
        INCIDENTSIM_AGENT_CAPACITY_BYTES=str(CAPACITY_BYTES),
        INCIDENTSIM_AGENT_TOKEN_FILE=str(state.secrets / f"{NAME}.control.password"),
        INCIDENTSIM_AGENT_APP_TOKEN_FILE=str(state.secrets / f"{NAME}.app.password"),
    )
    argv = (sys.executable, "-m", "incident_operator.disk_agent")
    command = Command(NAME, argv, state.logs / f"{NAME}.log", environment)
    url = f"http://{LOOPBACK}:{port}"
    return TargetSystem(
        name=NAME,
        type=SystemType.DISK,
        endpoint=url,
        credentials=credentials,
        service=Service(command, HttpProbe(f"{url}/healthz"), OnExit.LEAVE),
        capacity_bytes=CAPACITY_BYTES,
    )
