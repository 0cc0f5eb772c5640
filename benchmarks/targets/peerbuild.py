"""The peer's backend, built from its own source outside this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.targets.base import TargetFailed
from incident_local.settings import child_environment

_BUILD_SECONDS = 1200.0
_PACKAGE = "backend"


def build_peer(source: Path, folder: Path) -> Path:
    """Path of the program, below `folder`. `source` is a checkout or a git directory. Raises TargetFailed."""
    exported = folder / "source"
    exported.mkdir()
    if (source / _PACKAGE).is_dir():
        shutil.copytree(source / _PACKAGE, exported / _PACKAGE)
    else:
        archive = folder / "source.tar"
        _run(["git", "-C", str(source), "archive", f"--output={archive}", "HEAD", _PACKAGE], folder)
        shutil.unpack_archive(archive, exported, filter="data")
    program = folder / "peer"
    if shutil.which("go") is None:
        raise TargetFailed("Go is needed to build the peer, and is not on PATH")
    _run(["go", "build", "-o", str(program), "."], exported / _PACKAGE)
    return program


def migrations_of(folder: Path) -> list[Path]:
    """The peer's own table definitions, in order."""
    return sorted((folder / "source" / _PACKAGE / "migrations").glob("*.sql"))


def revision_of(source: Path) -> str:
    """The commit that was built, where git knows it."""
    done = subprocess.run(
        ["git", "-C", str(source), "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True
    )
    return done.stdout.strip() or "unknown"


def _run(argv: list[str], folder: Path) -> None:
    environment = child_environment(CGO_ENABLED=os.environ.get("CGO_ENABLED", "0"))
    try:
        done = subprocess.run(
            argv, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=_BUILD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TargetFailed(f"{argv[0]} for the peer: {error}") from error
    if done.returncode != 0:
        raise TargetFailed(f"{argv[0]} for the peer ended with exit code {done.returncode}\n{done.stderr[-2000:]}")
