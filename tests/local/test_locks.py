"""The lock files are in step with what they lock, and name no address to download from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements.lock"
WHEELS = ROOT / "local" / "incident_local" / "wheels.lock"


def pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(), re.M)
    return {canonicalize_name(name): version for name, version in found}


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(line) for line in [*project["dependencies"], *(line for extra in extras for line in extra)]]


def test_every_dependency_is_pinned_as_pyproject_allows() -> None:
    locked = pins(REQUIREMENTS)
    missing = [str(r) for r in wanted() if not r.specifier.contains(locked.get(canonicalize_name(r.name), "0"))]
    assert not missing, "run `make lock`"


def test_every_wheel_is_pinned_as_listed() -> None:
    assert pins(WHEELS) == pins(WHEELS.with_suffix(".in")), "run `make lock`"


@pytest.mark.parametrize("path", [REQUIREMENTS, WHEELS], ids=lambda path: path.name)
def test_lock_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.M)
    for entry in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]:
        assert "--hash=sha256:" in entry, entry
