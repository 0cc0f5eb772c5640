"""From nothing to three healthy systems."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from .cluster import Refused, get, helm, kubectl, list_all, names
from .conftest import remove_definitions
from .release import CHART, DRILLS, RELEASE, SYSTEM, SYSTEMS, Journal, install, systems_healthy


def test_the_chart_installs_from_nothing(folder: Path, journal: Journal) -> None:
    remove_definitions()
    begun = time.monotonic()
    said = install(folder)
    installed = time.monotonic() - begun
    systems_healthy()
    journal.note(
        f"install: helm done after {installed:.0f} s, three healthy systems after {time.monotonic() - begun:.0f} s"
    )
    assert "kubectl port-forward" in said
    assert "kubectl create token approver" in said


def test_what_runs_keeps_to_the_restricted_standard() -> None:
    """The API server itself judges: by a dry run of the label that enforces it."""
    for namespace in (SYSTEM, DRILLS):
        label = "pod-security.kubernetes.io/enforce=restricted"
        said = kubectl("label", "namespace", namespace, label, "--overwrite", "--dry-run=server")
        assert "violate" not in said
        assert "Warning" not in said


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_consists_of_objects_that_it_owns(system: str) -> None:
    owner = get("mocksystem", system, DRILLS)
    assert owner is not None
    for kind, name in (
        ("service", system),
        ("secret", f"{system}-credentials"),
        ("statefulset", system),
        ("persistentvolumeclaim", f"{system}-data"),
    ):
        found = get(kind, name, DRILLS)
        assert found is not None, f"{kind} {name}"
        assert [o["uid"] for o in found["metadata"]["ownerReferences"]] == [owner["metadata"]["uid"]]
    assert owner["status"]["workload"]["ready"] is True
    assert {"SystemDown", "NetworkLatency", "PodKill"} <= set(owner["status"]["capabilities"]["faults"])


def test_a_second_release_is_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match=r"already|one simulator"):
        helm("install", "other", str(CHART), "--namespace", "e2e-other", "--create-namespace")
    kubectl("delete", "namespace", "e2e-other", "--ignore-not-found")


def test_wrong_values_are_refused_with_the_reason() -> None:
    with pytest.raises(Refused, match="replicas"):
        helm("upgrade", RELEASE, str(CHART), "--namespace", SYSTEM, "--reuse-values", "--set", "operator.replicas=-1")
    with pytest.raises(Refused, match="grokApiKey"):
        helm("upgrade", RELEASE, str(CHART), "--namespace", SYSTEM, "--set", "diagnosis.grokApiKey=secret")


def test_nothing_secret_is_logged() -> None:
    passwords: list[str] = []
    for secret in list_all("secret", DRILLS):
        passwords += [v for k, v in secret.get("data", {}).items() if k in ("password", "appPassword", "controlToken")]
    logs = "".join(kubectl("logs", name, "--namespace", SYSTEM, "--all-containers") for name in names("pod", SYSTEM))
    logs += "".join(kubectl("logs", name, "--namespace", DRILLS, "--all-containers") for name in names("pod", DRILLS))
    assert passwords
    decoded = json.loads(kubectl("get", "secret", "redis-test-credentials", "-n", DRILLS, "-o", "json"))["data"]
    assert decoded
    for password in passwords:
        assert password not in logs
