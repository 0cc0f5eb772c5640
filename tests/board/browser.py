"""Which browser is used for tests and screenshots: the first of these that runs.

1. what INCIDENTSIM_BROWSER names
2. Chromium, Chrome or Edge from PATH
3. the one that `playwright install chromium` downloaded
4. Debian's package, installed where we are root
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "INCIDENTSIM_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_ASK_SECONDS = 30.0
_INSTALL_SECONDS = 600.0


class NoBrowser(Exception):
    """No browser, and how to get one."""


def find_browser(downloaded: Path) -> Path:
    """`downloaded` is where Playwright would have put its own. Raises NoBrowser."""
    if named := os.environ.get(VARIABLE):
        if _runs(Path(named)):
            return Path(named)
        raise NoBrowser(f"{VARIABLE} names {named}, which does not run: correct the variable, or unset it")
    if found := next(_installed(downloaded), None):
        return found
    if _can_install():
        problem = _install()
        if not problem and (found := next(_installed(downloaded), None)):
            return found
    else:
        problem = "only root on Debian or Ubuntu can have it installed by itself"
    raise NoBrowser(
        "There is no Chromium, Chrome or Edge on PATH that runs, nor a download of Playwright's.\n"
        f"{problem}\n"
        "What to do: install one (`apt install chromium`), or run `.venv/bin/playwright install chromium`, "
        f"or name one with {VARIABLE}=/path/to/it"
    )


def flags() -> list[str]:
    """Root has no sandbox: Chromium refuses to start with one then."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def _installed(downloaded: Path) -> Iterator[Path]:
    candidates = [Path(found) for name in NAMES if (found := shutil.which(name))]
    yield from (path for path in (*candidates, downloaded) if _runs(path))


def _runs(path: Path) -> bool:
    """A name on PATH may be a stub that says where to get the real one."""
    try:
        argv = (str(path), "--version", *flags())
        return subprocess.run(argv, capture_output=True, timeout=_ASK_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _can_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _install() -> str:
    """Why it did not work; empty when it did."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = (("apt-get", "update"), ("apt-get", "install", "-y", "--no-install-recommends", "chromium"))
    for argv in commands:
        try:
            done = subprocess.run(
                argv, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"`{' '.join(argv)}` took more than {_INSTALL_SECONDS / 60:g} minutes"
        if done.returncode != 0:
            return f"`{' '.join(argv)}` failed:\n{done.stderr[-1000:]}"
    return ""
