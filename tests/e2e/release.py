"""The release under test: what is installed where, its people, and its drills."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION
from incident_crds.scenarios import scenarios_folder

from .cluster import get, helm, kubectl, list_all, names, wait_for

CHART = Path(__file__).parents[2] / "charts" / "incident-simulator"
RELEASE, SYSTEM, DRILLS = "incident-simulator", "incidentsim-e2e", "drills"
SYSTEMS = ("redis-test", "postgres-test", "disk-monitor")
SCENARIOS = (
    "redis-memory",
    "redis-connections",
    "redis-latency",
    "postgres-connections",
    "postgres-bloat",
    "postgres-lock",
    "disk-full",
    "system-down",
    "network-latency",
    "pod-kill",
)
APPROVER = f"system:serviceaccount:{SYSTEM}:approver"
VIEWER = f"system:serviceaccount:{SYSTEM}:viewer"
RESPONDER = f"system:serviceaccount:{SYSTEM}:responder"
NOBODY = f"system:serviceaccount:{SYSTEM}:nobody"


@dataclass
class Journal:
    """What was measured, printed at the end of the run."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)


def values() -> dict[str, Any]:
    """What a user would write down. E2E_IMAGE is an image that the cluster has, or can pull."""
    repository, _, tag = os.environ.get("E2E_IMAGE", "incident-simulator:dev").rpartition(":")
    account = {"kind": "ServiceAccount", "create": True}
    return {
        "image": {"repository": repository, "tag": tag},
        "samples": {"enabled": True},
        "diagnosis": {"order": ["rules"]},
        "access": {
            "approvers": [{**account, "name": "approver"}],
            "responders": [{**account, "name": "responder"}],
            "viewers": [{**account, "name": "viewer"}],
        },
    }


def install(folder: Path, *more: str) -> str:
    """`helm upgrade --install`, and what it says."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values()))
    place = ["--namespace", SYSTEM, "--create-namespace"]
    waits = ["--wait", "--timeout", "5m"]
    return helm("upgrade", "--install", RELEASE, str(CHART), *place, "--values", str(file), *waits, *more)


def start(scenario: str, namespace: str = DRILLS, **spec: object) -> str:
    """Create the scenario's experiment under a name of its own; that name."""
    manifest = yaml.safe_load((scenarios_folder() / f"{scenario}.yaml").read_text())
    name = f"{scenario}-{secrets.token_hex(2)}"
    manifest["metadata"] |= {"name": name, "namespace": namespace}
    manifest["spec"] |= spec
    kubectl("create", "--filename", "-", stdin=json.dumps(manifest))
    return name


def status(kind: str, name: str, namespace: str = DRILLS) -> dict[str, Any]:
    found = get(kind, name, namespace)
    return (found or {}).get("status") or {}


def phase(kind: str, name: str, namespace: str = DRILLS) -> str:
    return str(status(kind, name, namespace).get("phase") or "")


def reaches(experiment: str, *phases: str, namespace: str = DRILLS, seconds: float = 120) -> dict[str, Any]:
    """The experiment's status once it is in one of the phases."""

    def look() -> dict[str, Any] | None:
        found = status("chaosexperiment", experiment, namespace)
        return found if found.get("phase") in phases else None

    return wait_for(look, f"{experiment}: {' or '.join(phases)}", seconds)


def graded(experiment: str) -> dict[str, Any]:
    """The experiment's report."""

    def look() -> dict[str, Any] | None:
        report: dict[str, Any] | None = status("chaosexperiment", experiment).get("grade")
        return report

    return wait_for(look, f"the grade of {experiment}", 180)


def waiting_plan(experiment: str, namespace: str = DRILLS) -> dict[str, Any] | None:
    """A plan of the experiment's incidents that awaits a decision."""
    incidents = status("chaosexperiment", experiment, namespace).get("incidents") or []
    for plan in list_all("remediationplan", namespace):
        if plan["spec"]["incidentRef"] in incidents and plan.get("status", {}).get("phase") == "AwaitingApproval":
            return plan
    return None


def annotate(plan: dict[str, Any], user: str, *, by: str = "") -> str:
    """Approve as that user, in the user's own name or in another's. Raises Refused."""
    metadata = plan["metadata"]
    decision = [f"{APPROVE_ANNOTATION}={plan['status']['planHash']}", f"{APPROVED_BY_ANNOTATION}={by or user}"]
    return kubectl(
        "annotate", "remediationplan", metadata["name"], "--namespace", metadata["namespace"], *decision, "--as", user
    )


def systems_healthy(namespace: str = DRILLS, seconds: float = 180) -> None:
    """Every system is ready, seeded, healthy, and without an open incident."""

    def look() -> bool | None:
        found = list_all("mocksystem", namespace)
        good = all(
            s.get("status", {}).get("phase") == "Ready"
            and s["status"].get("seeded")
            and (s["status"].get("health") or 0) >= 50
            and not s["status"].get("openIncidentCount")
            for s in found
        )
        return True if found and good else None

    wait_for(look, f"healthy systems in {namespace}", seconds)


def operator_pod() -> str:
    """The name of a pod of the operator."""
    found = names("pod", SYSTEM, "app.kubernetes.io/component=operator")
    if not found:
        raise AssertionError("the operator has no pod")
    return found[0]
