"""A good object of each kind, to be broken in one place by a test, and the ways to send it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from incident_crds.base import GROUP, VERSION, Resource
from incident_crds.client import ApiClient
from incident_crds.kinds import ALL_KINDS

from ..conftest import NAMESPACE

Manifest = dict[str, Any]
KINDS: dict[str, type[Resource]] = {kind.info.kind: kind for kind in ALL_KINDS}
EXPERIMENT = {
    "target": {"systemRef": {"name": "redis-test"}},
    "fault": {"type": "RedisMemory", "redisMemory": {}},
}
SPECS: dict[str, Manifest] = {
    "MockSystem": {
        "type": "Redis",
        "external": {"endpoint": "redis://127.0.0.1:6379/0", "credentialsSecretRef": {"name": "redis"}},
    },
    "ChaosExperiment": EXPERIMENT,
    "Incident": {"title": "Redis is full"},
    "RemediationPlan": {
        "incidentRef": "inc",
        "author": "sre",
        "actions": [
            {"id": "evict", "type": "RedisEvictPrefix", "system": "redis-test", "params": {"prefix": "session:"}}
        ],
        "verification": [{"system": "redis-test", "signal": "memory"}],
    },
    "IncidentGenerator": {},
    "GameDay": {"drills": [{"name": "redis", "experiment": EXPERIMENT}]},
}
SUSPENDED = {"suspend": True}
"""Added to an experiment that stays for a while: an operator may be running beside the test."""


def good(kind: str, name: str = "sample", **spec: Any) -> Manifest:
    """A good object; `spec` adds fields or overrides them."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": copy.deepcopy(SPECS[kind]) | spec,
    }


def changed(manifest: Manifest, changes: Mapping[str, Any]) -> Manifest:
    """A copy with values put at dotted paths such as `spec.actions.0.id`; None takes a value away."""
    result = copy.deepcopy(manifest)
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = result
        for part in parents:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
    return result


async def send(client: ApiClient, manifest: Manifest, *, dry_run: bool = False, strict: bool = False) -> Manifest:
    """POST it as it stands. Raises ApiError."""
    query = ({"dryRun": "All"} if dry_run else {}) | ({"fieldValidation": "Strict"} if strict else {})
    path = ApiClient.path(KINDS[manifest["kind"]], manifest["metadata"]["namespace"])
    return await client.request("POST", path, body=manifest, query=query)
