"""Runs helm on the chart, and finds things in what it renders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts" / "incident-simulator"
RELEASE, NAMESPACE = "drill-sim", "sim-system"
STAMPS = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
SECONDS = 900  # the first run on a machine builds helm
VALUES_FILES = (None, "values-kind.yaml", "values-gke.yaml")

Manifest = dict[str, Any]
_ENDED = "helm ended with"


def program(name: str) -> list[str]:
    """As a command: from PATH, else built here."""
    found = shutil.which(name)
    return [found] if found else [sys.executable, "-m", "incident_local.cli", "devtool", name, "--"]


class Refused(Exception):
    """Helm did not render; the message is what it said."""


def run_helm(*arguments: str) -> str:
    """Its output. Raises Refused."""
    # a kubeconfig must not matter
    environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"} | {"KUBECONFIG": os.devnull}
    ended = subprocess.run(
        [*program("helm"), *arguments], check=False, capture_output=True, text=True, timeout=SECONDS, env=environment
    )
    if ended.returncode:
        raise Refused(f"{_ENDED} {ended.returncode}: {ended.stderr}{ended.stdout}")
    return ended.stdout


@cache
def render_text(
    *settings: str, values_file: str | None = None, api_versions: tuple[str, ...] = (), version: str = "1.34.0"
) -> str:
    """`settings` as for --set-json, such as `samples.enabled=true`."""
    arguments = ["template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--kube-version", version]
    for served in api_versions:
        arguments += ["--api-versions", served]
    if values_file:
        arguments += ["--values", str(CHART / values_file)]
    for setting in settings:
        arguments += ["--set-json", setting]
    return run_helm(*arguments)


@dataclass(frozen=True)
class Rendered:
    """All objects of a release, hooks too."""

    objects: Sequence[Manifest]

    def of(self, kind: str) -> list[Manifest]:
        return [found for found in self.objects if found["kind"] == kind]

    def one(self, kind: str, name: str = "") -> Manifest:
        found = [o for o in self.of(kind) if not name or o["metadata"]["name"] == name]
        assert len(found) == 1, (kind, name, [key_of(o) for o in self.objects])
        return found[0]

    def has(self, kind: str) -> bool:
        return bool(self.of(kind))

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        for found in self.objects:
            if found["kind"] in ("Deployment", "Job"):
                yield found["metadata"]["name"], found["spec"]["template"]


def render(*settings: str, values_file: str | None = None, stamps: bool = False) -> Rendered:
    """With the chart's own values and those that are set. `stamps`: on a server that has the stamping policies."""
    text = render_text(
        *settings,
        values_file=values_file,
        api_versions=(STAMPS,) if stamps else (),
        version="1.36.0" if stamps else "1.34.0",
    )
    return Rendered([document for document in yaml.load_all(text, Loader=UniqueKeys) if document])


class UniqueKeys(yaml.SafeLoader):
    """A key that stands twice in one mapping is an error: Kubernetes takes one of them, and nobody knows which."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{sorted(twice)} twice", node.start_mark)
        return super().construct_mapping(node, deep)


def key_of(found: Manifest) -> tuple[str, str, str, str]:
    metadata = found["metadata"]
    return found["apiVersion"], found["kind"], metadata.get("namespace", ""), metadata["name"]


def env_of(template: Manifest) -> dict[str, Any]:
    (container,) = template["spec"]["containers"]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}
