"""One release for the whole run; what is left of an earlier one is removed first."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .cluster import Refused, helm, kubectl, list_all
from .release import DRILLS, RELEASE, SYSTEM, Journal
from .rights import Requests

SCRATCH = f"e2e-{secrets.token_hex(3)}"
"""Of a run of its own: one that is cut off leaves a namespace that may take its time to go."""


@pytest.fixture(scope="session")
def journal() -> Iterator[Journal]:
    """Measured figures, shown at the end whatever became of the tests."""
    made = Journal()
    yield made
    print("\n" + "\n".join(f"  {line}" for line in made.lines))


@pytest.fixture(scope="session")
def requests() -> Requests:
    return Requests()


@pytest.fixture(autouse=True)
def count_requests(requests: Requests) -> Iterator[None]:
    """After each test: a later one may end the process that has counted them."""
    yield
    with suppress(Refused):  # there may be no release any more, or a pod on its way
        requests.gather()


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    """A cluster that answers, without a simulator of its own."""
    if "KUBECONFIG" not in os.environ:
        pytest.fail("name the cluster: export KUBECONFIG=/path/to/config (it is never guessed)", pytrace=False)
    try:
        kubectl("get", "--raw", "/readyz", timeout=20)
    except Refused as refused:
        pytest.fail(f"the cluster of KUBECONFIG does not answer: {refused}", pytrace=False)
    if os.environ.get("E2E_REUSE"):  # for whoever works on a later test: the release is there already
        return
    for release in helm("list", "--all-namespaces", "--all", "--short", "--filter", f"^{RELEASE}$").split():
        clean_up(release)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("values")


def remove_definitions() -> None:
    """From a cluster where nobody uses them: with them would go everybody's incidents."""
    suffix = ".incidentsimulator.net"
    found = [c["metadata"]["name"] for c in list_all("customresourcedefinition")]
    ours = [name for name in found if name.endswith(suffix)]
    used = [f"{o['kind']} {o['metadata']['namespace']}/{o['metadata']['name']}" for n in ours for o in list_all(n)]
    if used:
        pytest.fail(f"this cluster is in use, so nothing is tried on it: it has {', '.join(used[:5])}", pytrace=False)
    if ours:
        kubectl("delete", "customresourcedefinition", *ours, timeout=120)


def clean_up(release: str) -> None:
    """Of an earlier run that was cut off."""
    helm("uninstall", release, "--namespace", SYSTEM, "--wait")
    kubectl("delete", "namespace", DRILLS, SYSTEM, "--ignore-not-found", timeout=180)
