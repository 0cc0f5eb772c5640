"""The proxy in front of each system: its clients go through it, the operator's own connection does not."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from incident_local.ports import LOOPBACK
from incident_local.probes import HttpProbe
from incident_local.processes import Command
from incident_local.settings import child_environment
from incident_local.state import StateFolder
from incident_local.supervisor import OnExit, Service
from incident_local.systems import disk, postgres, redis
from incident_local.systems.base import TargetSystem


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where clients go in place of the system's own endpoint, and what delays them there."""

    system: TargetSystem
    client_endpoint: str
    control_url: str
    service: Service


def proxy_ports(system: str) -> tuple[str, str]:
    """What the ports for clients and for control are called in the port book."""
    return f"{system}-clients", f"{system}-proxy"


PROXY_PORTS = tuple(port for name in (redis.NAME, postgres.NAME, disk.NAME) for port in proxy_ports(name))


def build_proxy(system: TargetSystem, state: StateFolder, ports: Mapping[str, int]) -> Proxy:
    """Make the folder of its dead-men, and say how it is started."""
    clients, control = (ports[name] for name in proxy_ports(system.name))
    name = f"{system.name}-proxy"
    folder = state.data / name
    folder.mkdir(parents=True, exist_ok=True)
    environment = child_environment(
        INCIDENTSIM_PROXY_LISTEN=f"{LOOPBACK}:{clients}",
        INCIDENTSIM_PROXY_UPSTREAM=f"{LOOPBACK}:{ports[system.name]}",
        INCIDENTSIM_PROXY_CONTROL_LISTEN=f"{LOOPBACK}:{control}",
        INCIDENTSIM_PROXY_TOKEN_FILE=str(state.control_token),
        INCIDENTSIM_PROXY_STATE_DIRECTORY=str(folder),
    )
    argv = (sys.executable, "-m", "incident_operator.proxy")
    command = Command(name, argv, state.logs / f"{name}.log", environment)
    url = f"http://{LOOPBACK}:{control}"
    own, through = f"{LOOPBACK}:{ports[system.name]}", f"{LOOPBACK}:{clients}"
    return Proxy(
        system=system,
        client_endpoint=system.endpoint.replace(own, through),
        control_url=url,
        service=Service(command, HttpProbe(f"{url}/healthz"), OnExit.RESTART),
    )
