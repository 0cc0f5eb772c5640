"""The image's locks hold what the image needs, as requirements.lock pins it, and nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.utils import canonicalize_name

from image.sbom import LOCK, ROOT, direct_requirements, read_lock, required_by

BUILD = ROOT / "image" / "build.lock"
REMEDY = "run `make lock-image`"


def entries(path: Path) -> dict[str, str]:
    """The whole entry of each package, hashes and marker with it."""
    found = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.M)[1:]
    return {re.match(r"[\w.-]+", entry)[0]: entry.strip() for entry in found}  # type: ignore[index]


def closure() -> set[str]:
    """What the extras of the image need, and what that needs, by the word of the installed packages."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(canonicalize_name(r.name), frozenset(r.extras)) for r in direct_requirements()]
    while waiting:
        asked = waiting.pop()
        if asked not in seen:
            seen.add(asked)
            waiting += [(canonicalize_name(r.name), frozenset(r.extras)) for r in required_by(*asked)]
    return {name for name, _ in seen}


def test_image_has_the_versions_and_files_that_are_tested() -> None:
    all_entries = entries(ROOT / "requirements.lock")
    for path in (LOCK, BUILD):
        differing = [name for name, entry in entries(path).items() if all_entries.get(name) != entry]
        assert not differing, f"{path.name}: {REMEDY}"


def test_image_has_what_its_programs_need_and_nothing_else() -> None:
    assert {name for name, _, _ in read_lock(LOCK)} == closure(), REMEDY


def test_lock_of_the_build_is_of_the_build_system() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    names = {re.split(r"[^\w.-]", line)[0] for line in wanted}
    assert names == set((ROOT / "image" / "build.in").read_text().split())
    assert names <= entries(BUILD).keys(), REMEDY


def test_every_file_of_the_lock_has_its_hash() -> None:
    for path in (LOCK, BUILD):
        assert all(hashes for _, _, hashes in read_lock(path))
        assert "://" not in path.read_text()
