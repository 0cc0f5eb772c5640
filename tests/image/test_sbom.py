"""The list of what is in the image: whole, and of the form that its readers expect."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytest

from image import sbom


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    return sbom.build_document("1700000000")


def test_form_is_cyclonedx(document: Mapping[str, Any]) -> None:
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    lengths = {"SHA-256": 64, "SHA-512": 128}
    for component in document["components"]:
        assert component.keys() == {"type", "bom-ref", "name", "version", "purl", "hashes", "licenses"}
        assert component["hashes"]
        for found in component["hashes"]:
            assert re.fullmatch(f"[0-9a-f]{{{lengths[found['alg']]}}}", found["content"])
        kinds = ["expression" in license_ for license_ in component["licenses"]]
        assert kinds == [True] or not any(kinds), "one expression, or names"


def test_every_reference_leads_to_one_component(document: Mapping[str, Any]) -> None:
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references))
    known = {*references, document["metadata"]["component"]["bom-ref"]}
    for line in document["dependencies"]:
        assert {line["ref"], *line["dependsOn"]} <= known


def test_every_license_is_named(document: Mapping[str, Any]) -> None:
    assert not [component["name"] for component in document["components"] if not component["licenses"]]


def test_python_packages_are_those_of_the_lock_as_installed_here(document: Mapping[str, Any]) -> None:
    listed = {c["name"]: c["version"] for c in document["components"] if c["purl"].startswith("pkg:pypi/")}
    assert listed == {name: pinned for name, pinned, _ in sbom.read_lock(sbom.LOCK)}
    assert listed == {name: version(name) for name in listed}
    assert {"kopf", "fastapi", "groq", "google-genai", "psycopg-binary", "redis"} <= listed.keys()
    assert not {"pytest", "typer", "hatchling", "colorama"} & listed.keys(), "not in the image"


def test_board_packages_are_those_that_are_not_for_development(document: Mapping[str, Any]) -> None:
    listed = {f"{c['name']}@{c['version']}" for c in document["components"] if c["purl"].startswith("pkg:npm/")}
    package = json.loads((sbom.ROOT / "ui" / "package.json").read_text())
    assert {f"{name}@{pinned}" for name, pinned in package["dependencies"].items()} <= listed
    for_development = package["devDependencies"].keys() - sbom.STYLES
    assert not {name.rpartition("@")[0] for name in listed} & for_development


def test_whatever_the_bundler_names_is_listed(document: Mapping[str, Any]) -> None:
    licenses = sbom.ROOT / "ui" / "dist" / "assets" / "licenses.md"
    if not licenses.is_file():
        pytest.skip("the board is not built here; `make board` does so")
    bundled = re.findall(r"^## (\S+) - (\S+) \(", licenses.read_text(), re.M)
    assert bundled
    listed = {(component["name"], component["version"]) for component in document["components"]}
    assert not set(bundled) - listed


def test_the_same_locks_give_the_same_list() -> None:
    assert sbom.build_document() == sbom.build_document()
