"""What a system that the operator creates consists of: whole objects, so that applying one again mends it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incident_crds.base import GROUP
from incident_crds.catalogue import SystemType
from incident_crds.mocksystem import DeploymentSystem, MockSystem
from incident_operator.domain.containers import CONTROL_PORT, PORTS, Images, pod_spec, proxy_port
from incident_operator.domain.quantity import parse_quantity

MANAGER = "incident-operator"
_STORAGE = {SystemType.REDIS: "256Mi", SystemType.POSTGRES: "512Mi", SystemType.DISK: "128Mi"}
_CREDENTIALS_NOTE = f"{GROUP}/credentials-hash"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a created system is reached from inside the cluster."""

    direct: str
    """The server itself: for the operator, whatever clients suffer."""
    clients: str
    """Through the proxy: what everybody else uses."""
    control: str


def credentials_name(system: str) -> str:
    """The Secret with the system's passwords and tokens."""
    return f"{system}-credentials"


def claim_name(system: str) -> str:
    """The PersistentVolumeClaim with its data."""
    return f"{system}-data"


def addresses(system: MockSystem) -> Addresses:
    """By the name of its Service, which lasts while pods come and go."""
    namespace, name = system.key
    host = f"{name}.{namespace}.svc"
    port = _deployment(system).port or PORTS[system.spec.type]
    scheme, path = {
        SystemType.REDIS: ("redis", "/0"),
        SystemType.POSTGRES: ("postgresql", "/app"),
        SystemType.DISK: ("http", ""),
    }[system.spec.type]
    return Addresses(
        direct=f"{scheme}://{host}:{_direct_port(port)}{path}",
        clients=f"{scheme}://{host}:{port}{path}",
        control=f"http://{host}:{CONTROL_PORT}",
    )


def capacity_bytes(system: MockSystem) -> int | None:
    """What counts as full: what the spec says, else for a disk the size of its volume."""
    if system.spec.capacity_bytes is not None or system.spec.type is not SystemType.DISK:
        return system.spec.capacity_bytes
    return parse_quantity(_storage(system))


def build_objects(system: MockSystem, images: Images, credentials: Mapping[str, str]) -> list[dict[str, Any]]:
    """Service, volume claim and StatefulSet, in this order. `credentials` are needed for their hash only."""
    return [_service(system), _claim(system), _stateful_set(system, images, credentials)]


def build_secret(system: MockSystem, data: Mapping[str, str]) -> dict[str, Any]:
    """The Secret; `data` is base64 already."""
    body = _object(system, "v1", "Secret", credentials_name(system.metadata.name))
    return body | {"type": "Opaque", "data": dict(data)}


def is_foreign(system: MockSystem, body: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether what is found under an object's name is somebody else's. A volume that was kept for the system is not."""
    owners = {owner.get("uid") for owner in found["metadata"].get("ownerReferences") or []}
    labels, ours = found["metadata"].get("labels") or {}, body["metadata"]["labels"]
    is_kept = body["kind"] == "PersistentVolumeClaim" and not owners and ours.items() <= labels.items()
    return not (system.metadata.uid in owners or is_kept)


def _service(system: MockSystem) -> dict[str, Any]:
    port = _deployment(system).port or PORTS[system.spec.type]
    usual = PORTS[system.spec.type]
    ports = [
        {"name": "clients", "port": port, "targetPort": proxy_port(system.spec.type), "protocol": "TCP"},
        {"name": "direct", "port": _direct_port(port), "targetPort": usual, "protocol": "TCP"},
        {"name": "control", "port": CONTROL_PORT, "targetPort": CONTROL_PORT, "protocol": "TCP"},
    ]
    body = _object(system, "v1", "Service", system.metadata.name)
    # a system that is down has to be reached all the same, to be started again
    spec = {"type": "ClusterIP", "publishNotReadyAddresses": True, "selector": selector(system), "ports": ports}
    return body | {"spec": spec}


def _claim(system: MockSystem) -> dict[str, Any]:
    deployment = _deployment(system)
    body = _object(system, "v1", "PersistentVolumeClaim", claim_name(system.metadata.name))
    if deployment.retain_storage:
        del body["metadata"]["ownerReferences"]
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": _storage(system)}},
    }
    if deployment.storage_class is not None:
        spec["storageClassName"] = deployment.storage_class
    return body | {"spec": spec}


def _stateful_set(system: MockSystem, images: Images, credentials: Mapping[str, str]) -> dict[str, Any]:
    name = system.metadata.name
    digest = hashlib.sha256("\0".join(f"{k}={v}" for k, v in sorted(credentials.items())).encode()).hexdigest()
    body = _object(system, "apps/v1", "StatefulSet", name)
    return body | {
        "spec": {
            "replicas": 1,
            "serviceName": name,
            "selector": {"matchLabels": selector(system)},
            "template": {
                "metadata": {
                    "labels": _labels(system),
                    # other passwords need another start: the server reads them then
                    "annotations": {_CREDENTIALS_NOTE: digest[:32]},
                },
                "spec": pod_spec(
                    system,
                    images,
                    claim=claim_name(name),
                    secret=credentials_name(name),
                    capacity_bytes=capacity_bytes(system),
                ),
            },
        }
    }


def _object(system: MockSystem, api_version: str, kind: str, name: str) -> dict[str, Any]:
    owner = {
        "apiVersion": system.info.api_version,
        "kind": system.info.kind,
        "name": system.metadata.name,
        "uid": system.metadata.uid,
        "controller": True,
    }
    metadata = {
        "name": name,
        "namespace": system.metadata.namespace,
        "labels": _labels(system),
        "ownerReferences": [owner],
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def selector(system: MockSystem) -> dict[str, str]:
    """The labels by which its pod is found; they never change."""
    return {
        "app.kubernetes.io/name": system.spec.type.value.lower(),
        "app.kubernetes.io/instance": system.metadata.name,
        "app.kubernetes.io/managed-by": MANAGER,
    }


def _labels(system: MockSystem) -> dict[str, str]:
    return selector(system) | {
        "app.kubernetes.io/component": "system",
        "app.kubernetes.io/part-of": "incident-simulator",
    }


def _storage(system: MockSystem) -> str:
    return _deployment(system).storage or _STORAGE[system.spec.type]


def _direct_port(port: int) -> int:
    return port + 10000 if port + 10000 <= 65535 else port - 10000


def _deployment(system: MockSystem) -> DeploymentSystem:
    if system.spec.deployment is None:
        raise ValueError(f"MockSystem {system.metadata.name} has no spec.deployment")
    return system.spec.deployment
