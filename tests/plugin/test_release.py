"""The program in one file, its archive and its manifest, against what krew's validation asks for."""

from __future__ import annotations

import ast
import hashlib
import re
import runpy
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugin"
URL, HOMEPAGE = "https://example.org/v1", "https://example.org"


def build(folder: Path, **wishes: str) -> Any:
    return runpy.run_path(str(PLUGIN / "build.py"))["build"](folder, **wishes)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build(tmp_path_factory.mktemp("plugin"), release_url=URL, homepage=HOMEPAGE)


def test_the_same_source_gives_the_same_bytes(built: Any, tmp_path: Path) -> None:
    again = build(tmp_path, release_url=URL, homepage=HOMEPAGE)
    assert again.archive.read_bytes() == built.archive.read_bytes()
    assert again.manifest.read_text() == built.manifest.read_text()


def test_the_program_runs_alone(built: Any, tmp_path: Path) -> None:
    """Unpacked from the archive, called by a link as krew makes one, with nothing of ours to import."""
    with tarfile.open(built.archive) as archive:
        assert sorted(archive.getnames()) == ["LICENSE", "kubectl-incident"]
        archive.extractall(tmp_path, filter="data")
    link = tmp_path / "bin" / "kubectl-incident"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "kubectl-incident")
    assert link.stat().st_mode & stat.S_IXUSR
    done = subprocess.run(
        [sys.executable, "-I", "-S", link, "drill", "--list"], capture_output=True, text=True, timeout=60, check=True
    )
    assert {p.stem for p in (ROOT / "scenarios").glob("*.yaml")} == set(re.findall(r"^\S+$", done.stdout, re.MULTILINE))


def test_the_manifest_obeys_krew(built: Any) -> None:
    manifest = yaml.safe_load(built.manifest.read_text())
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert manifest["kind"] == "Plugin"
    name, spec = manifest["metadata"]["name"], manifest["spec"]
    assert re.fullmatch(r"[\w-]+", name)
    assert not name.startswith("kube")
    assert re.fullmatch(r"v\d+\.\d+\.\d+([-+].+)?", spec["version"])
    assert spec["homepage"] == HOMEPAGE
    assert 0 < len(spec["shortDescription"]) <= 50
    assert "kubectl" not in spec["shortDescription"].lower()
    assert not spec["shortDescription"].endswith(".")
    assert "\n" not in spec["shortDescription"]
    assert all(len(line) <= 80 for key in ("description", "caveats") for line in spec[key].splitlines())
    [platform] = spec["platforms"]
    found = {e["key"]: set(e["values"]) for e in platform["selector"]["matchExpressions"]}
    assert found == {"os": {"linux", "darwin"}, "arch": {"amd64", "arm64"}}
    assert platform["uri"] == f"{URL}/{built.archive.name}"
    assert platform["sha256"] == hashlib.sha256(built.archive.read_bytes()).hexdigest()
    assert platform["bin"] == "kubectl-incident"
    with tarfile.open(built.archive) as archive:
        assert {entry["from"] for entry in platform["files"]} == set(archive.getnames())


def test_without_a_release_no_host_is_made_up(tmp_path: Path) -> None:
    alone = build(tmp_path)
    text = alone.manifest.read_text()
    assert yaml.safe_load(text)["spec"]["platforms"][0]["uri"] == alone.archive.name
    assert "://" not in text
    assert "@" not in text


@pytest.mark.parametrize("path", sorted((PLUGIN / "kubectl_incident").glob("*.py")), ids=lambda path: path.name)
def test_the_oldest_python_can_read_it(path: Path) -> None:
    """And it imports nothing but Python's own library and itself."""
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.split(".")[0]
            assert top == "kubectl_incident" or top in sys.stdlib_module_names, name
