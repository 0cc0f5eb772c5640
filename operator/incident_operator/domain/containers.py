"""The pod of a system that the operator creates: its server under a small shell loop, and our proxy in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from incident_crds.catalogue import SystemType
from incident_crds.mocksystem import DeploymentSystem, MockSystem
from incident_operator.domain.quantity import parse_quantity

PORTS = {SystemType.REDIS: 6379, SystemType.POSTGRES: 5432, SystemType.DISK: 8080}
CONTROL_PORT = 8474
USERNAME, APP_USERNAME, DATABASE = "incidentsim", "app", "app"
SIMULATOR_USER = 10001
_OFFICIAL_USER = 999
_MEMORY = {SystemType.REDIS: "128Mi", SystemType.POSTGRES: "256Mi", SystemType.DISK: "128Mi"}
_MAX_CONNECTIONS = 30
_MAX_CLIENTS = 200
"""Few, so that they can run out, and so that the proxy bears them all."""
_STATE, _CREDENTIALS, _DATA = "/incidentsim/state", "/incidentsim/credentials", "/data"
_ENDS_WITHIN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Images:
    """What systems run where they name no image of their own, and the shell loop that runs it."""

    redis: str
    postgres: str
    simulator: str
    """The operator's own: the disk agent, and the proxy in front of every system."""
    wrapper: str
    """sh: starts the server, and keeps it stopped while the proxy's state says so."""


@dataclass(frozen=True, slots=True)
class _Server:
    """How a type's server is started. `folders` are those it writes to besides its data."""

    image: str
    signal: str
    command: list[str]
    environment: list[dict[str, Any]]
    folders: dict[str, str]
    user: int


def proxy_port(type: SystemType) -> int:
    """Where the proxy listens in the pod."""
    return PORTS[type] + 10000


def pod_spec(
    system: MockSystem, images: Images, *, claim: str, secret: str, capacity_bytes: int | None
) -> dict[str, Any]:
    """The pod's spec. It keeps to the restricted Pod Security standard."""
    deployment = system.spec.deployment or DeploymentSystem()
    server = _SERVERS[system.spec.type](deployment, images, capacity_bytes)
    user = deployment.run_as_user or server.user
    volumes: list[dict[str, Any]] = [
        {"name": "data", "persistentVolumeClaim": {"claimName": claim}},
        {"name": "credentials", "secret": {"secretName": secret, "defaultMode": 0o440}},
        {"name": "state", "emptyDir": {"sizeLimit": "1Mi"}},
        *({"name": name, "emptyDir": {"sizeLimit": "16Mi"}} for name in server.folders),
    ]
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _ENDS_WITHIN_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            _system_container(system.spec.type, deployment, server, images),
            _proxy_container(system.spec.type, images),
        ],
        "volumes": volumes,
    }


def _system_container(
    type: SystemType, deployment: DeploymentSystem, server: _Server, images: Images
) -> dict[str, Any]:
    memory = deployment.resources.memory or _MEMORY[type]
    return {
        "name": type.value.lower(),
        "image": deployment.image or server.image,
        "command": ["sh", "-c", images.wrapper, "run", server.signal, _STATE, "--", *server.command],
        "env": server.environment,
        "ports": [{"name": "direct", "containerPort": PORTS[type], "protocol": "TCP"}],
        # No liveness probe: that a person finds out and heals is what is practised. One that dies is started again.
        "readinessProbe": _tcp_probe("direct"),
        "resources": {
            # no limit on CPU: a throttled server would be slow, and that would be an incident of its own
            "requests": {"cpu": deployment.resources.cpu, "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": _container_security(),
        "volumeMounts": [
            _mount("data", _DATA),
            _mount("credentials", _CREDENTIALS, read_only=True),
            _mount("state", _STATE, read_only=True),
            *(_mount(name, path) for name, path in server.folders.items()),
        ],
    }


def _proxy_container(type: SystemType, images: Images) -> dict[str, Any]:
    environment = {
        "LISTEN": f"0.0.0.0:{proxy_port(type)}",
        "UPSTREAM": f"127.0.0.1:{PORTS[type]}",
        "CONTROL_LISTEN": f"0.0.0.0:{CONTROL_PORT}",
        "TOKEN_FILE": f"{_CREDENTIALS}/controlToken",
        "STATE_DIRECTORY": _STATE,
    }
    return {
        "name": "proxy",
        "image": images.simulator,
        "command": ["incident-proxy"],
        "env": [{"name": f"INCIDENTSIM_PROXY_{name}", "value": value} for name, value in environment.items()],
        "ports": [
            {"name": "clients", "containerPort": proxy_port(type), "protocol": "TCP"},
            {"name": "control", "containerPort": CONTROL_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "control"}, "periodSeconds": 2, "timeoutSeconds": 2},
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "control"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "resources": {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"memory": "96Mi"},
        },
        "securityContext": _container_security() | {"runAsUser": SIMULATOR_USER},
        "volumeMounts": [_mount("credentials", _CREDENTIALS, read_only=True), _mount("state", _STATE)],
    }


def max_memory_bytes(deployment: DeploymentSystem | None) -> int | None:
    """The maxmemory that a Redis of ours is started with; None for one that is not ours."""
    if deployment is None:
        return None
    if deployment.max_memory:
        return parse_quantity(deployment.max_memory)
    return parse_quantity(deployment.resources.memory or _MEMORY[SystemType.REDIS]) // 2


def max_clients(deployment: DeploymentSystem | None) -> int | None:
    """The maxclients that a Redis of ours is started with; None for one that is not ours."""
    return None if deployment is None else deployment.max_clients or _MAX_CLIENTS


def _redis(deployment: DeploymentSystem, images: Images, capacity_bytes: int | None) -> _Server:
    options = {
        "port": str(PORTS[SystemType.REDIS]),
        "dir": _DATA,
        "aclfile": f"{_CREDENTIALS}/users.acl",
        "protected-mode": "no",
        "maxmemory": str(max_memory_bytes(deployment)),
        "maxmemory-policy": "noeviction",
        "maxclients": str(max_clients(deployment)),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "no",
    }
    command = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
    return _Server(images.redis, "TERM", command, [], {"tmp": "/tmp"}, _OFFICIAL_USER)  # noqa: S108


# Passwords are read at each start: the volume may be older than the Secret. The loop is nobody's child,
# because a Postgres that finds a child it does not know takes its end for a crash.
_POSTGRES_START = """\
(until psql -qX -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$0" >/dev/null 2>&1; do sleep 0.3; done &)
exec docker-entrypoint.sh "$@"
"""


def _postgres(deployment: DeploymentSystem, images: Images, capacity_bytes: int | None) -> _Server:
    settings = {
        "max_connections": str(deployment.max_connections or _MAX_CONNECTIONS),
        "superuser_reserved_connections": "3",
        "shared_buffers": "32MB",
        "max_wal_size": "128MB",
        "min_wal_size": "32MB",
        "port": str(PORTS[SystemType.POSTGRES]),
        # the data are drills: worth a crash of the process, which this survives, not one of the node
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    environment = {
        "POSTGRES_USER": USERNAME,
        "POSTGRES_DB": DATABASE,
        "POSTGRES_PASSWORD_FILE": f"{_CREDENTIALS}/password",
        "POSTGRES_INITDB_ARGS": "--auth-local=trust --no-sync",
        "PGDATA": f"{_DATA}/pgdata",
    }
    return _Server(
        images.postgres,
        "INT",
        ["sh", "-c", _POSTGRES_START, f"{_CREDENTIALS}/roles.sql", "postgres", *options],
        [{"name": name, "value": value} for name, value in environment.items()],
        {"tmp": "/tmp", "run": "/var/run/postgresql"},  # noqa: S108
        _OFFICIAL_USER,
    )


def _disk(deployment: DeploymentSystem, images: Images, capacity_bytes: int | None) -> _Server:
    environment = {
        "DIRECTORY": f"{_DATA}/files",
        "LISTEN": f"0.0.0.0:{PORTS[SystemType.DISK]}",
        "CAPACITY_BYTES": str(capacity_bytes),
        "TOKEN_FILE": f"{_CREDENTIALS}/password",
        "APP_TOKEN_FILE": f"{_CREDENTIALS}/appPassword",
    }
    return _Server(
        images.simulator,
        "TERM",
        ["sh", "-c", f"mkdir -p {_DATA}/files && exec incident-disk-agent"],
        [{"name": f"INCIDENTSIM_AGENT_{name}", "value": value} for name, value in environment.items()],
        {"tmp": "/tmp"},  # noqa: S108
        SIMULATOR_USER,
    )


_SERVERS: dict[SystemType, Callable[[DeploymentSystem, Images, int | None], _Server]] = {
    SystemType.REDIS: _redis,
    SystemType.POSTGRES: _postgres,
    SystemType.DISK: _disk,
}


def _tcp_probe(port: str) -> dict[str, Any]:
    return {"tcpSocket": {"port": port}, "periodSeconds": 2, "timeoutSeconds": 2}


def _mount(name: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"name": name, "mountPath": path} | ({"readOnly": True} if read_only else {})


def _container_security() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
