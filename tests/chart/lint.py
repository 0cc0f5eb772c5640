"""`python -m tests.chart.lint`: helm lint, kubeconform and, where there is one, kube-linter, with all values."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .everything import EVERYTHING, GKE
from .openapi import write_schema_files
from .rendering import CHART, STAMPS, VALUES_FILES, Refused, program, render_text, run_helm

# Kinds of others, whose definitions a cluster need not have.
SKIPPED = (
    "monitoring.coreos.com/v1/ServiceMonitor",
    "monitoring.coreos.com/v1/PrometheusRule",
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "networking.gke.io/v1/ManagedCertificate",
    "networking.gke.io/v1beta1/FrontendConfig",
    "cloud.google.com/v1/BackendConfig",
)


def renderings() -> dict[str, str]:
    """What is looked at, by name."""
    texts = {name or "values.yaml": render_text(values_file=name) for name in VALUES_FILES}
    texts["everything"] = render_text(*EVERYTHING, *GKE, api_versions=(STAMPS,), version="1.36.0")
    texts["crds"] = "---\n".join(path.read_text() for path in sorted((CHART / "crds").glob("*.yaml")))
    return texts


def conform(texts: dict[str, str], folder: Path) -> list[str]:
    """What kubeconform finds wrong."""
    location = write_schema_files(folder)
    wrong = []
    for name, text in texts.items():
        command = [*program("kubeconform"), "-strict", "-summary", "-skip", ",".join(SKIPPED)]
        command += ["-schema-location", location]
        ended = subprocess.run(command, input=text, check=False, capture_output=True, text=True, timeout=900)
        said = (ended.stdout + ended.stderr).strip()
        print(f"kubeconform, {name}: {said.splitlines()[-1] if said else 'nothing was said'}")
        if ended.returncode:
            wrong.append(f"kubeconform, {name}:\n{said}")
    return wrong


def kube_lint(texts: dict[str, str], folder: Path) -> list[str]:
    """What kube-linter finds wrong, where there is one."""
    found = shutil.which("kube-linter")
    if found is None:
        print("kube-linter is not on PATH: its checks that matter are in tests/chart/, the rest is left out")
        return []
    for name, text in texts.items():
        (folder / f"{name.removesuffix('.yaml')}.yaml").write_text(text)
    command = [found, "lint", "--config", str(CHART / ".kube-linter.yaml"), str(folder)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    print(f"kube-linter: {'clean' if ended.returncode == 0 else 'see below'}")
    return [f"kube-linter:\n{ended.stdout}{ended.stderr}"] if ended.returncode else []


def main() -> int:
    """0 when nothing was found."""
    try:
        for name in VALUES_FILES:
            run_helm("lint", "--strict", str(CHART), *(["--values", str(CHART / name)] if name else []))
        print(f"helm lint: clean with {', '.join(name or 'values.yaml' for name in VALUES_FILES)}")
        texts = renderings()
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as schemas, tempfile.TemporaryDirectory() as rendered:
        wrong = conform(texts, Path(schemas)) + kube_lint(texts, Path(rendered))
    print("\n".join(wrong), file=sys.stderr, end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
