"""Builds the board from ui/ whenever its source changed, and runs its npm scripts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from incident_local.building import BuildStep
from incident_local.errors import BuildFailed
from incident_local.fingerprint import BUILT, BUILT_FROM, fingerprint, is_current
from incident_local.processes import die_with_parent, kill_group, tail
from incident_local.programs import Node, find_node
from incident_local.progress import Progress
from incident_local.settings import board_source
from incident_local.state import MEBIBYTE, require_space
from incident_local.wheels import WheelStore, held_lock

NPM_SECONDS = 900.0
_NEEDED_BYTES = 512 * MEBIBYTE
_INSTALLED_FROM = ".installed-from"


class BoardBuilder:
    """Keeps `ui/dist` in step with the source, and `ui/node_modules` with its lock."""

    def __init__(self, cache: Path, store: WheelStore, progress: Progress) -> None:
        self._cache = cache
        self._store = store
        self._progress = progress

    async def folder(self) -> Path | None:
        """The built board; None in a wheel, which brought it. Raises BuildFailed, ProgramMissing, NoSpace."""
        source = board_source()
        if source is None:
            return None
        if not is_current(source):
            async with self._alone(source):
                if not is_current(source):
                    await self._build(source, await self._installed(source))
        return source / BUILT

    async def run_script(self, script: str) -> int:
        """Exit code of an npm script of ui/package.json; what it prints goes where our own output goes."""
        source = board_source()
        if source is None:
            raise BuildFailed(
                "An installed incident-simulator has no source of the board, only the built board",
                remedy="run this in a checkout of the repository",
            )
        async with self._alone(source):
            node = await self._installed(source)
        process = await asyncio.create_subprocess_exec(
            *node.npm,
            "run",
            "--silent",
            script,
            stdin=asyncio.subprocess.DEVNULL,
            env=node.environment(),
            cwd=source,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        try:
            code = await process.wait()
            return code if code >= 0 else 128 - code  # as shells tell of a signal
        finally:
            if process.returncode is None:
                kill_group(process.pid)
                await process.wait()

    def _alone(self, source: Path) -> AbstractAsyncContextManager[None]:
        # Not in node_modules: npm removes that folder, and then two could hold two locks of one name.
        return held_lock(source / ".build.lock", self._progress)

    async def _installed(self, source: Path) -> Node:
        """A Node, with the packages of the lock installed. Only for the holder of the lock."""
        node = await find_node(self._store)
        stamp = source / "node_modules" / _INSTALLED_FROM
        wanted = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
        if not stamp.is_file() or stamp.read_text() != wanted:
            require_space(source, _NEEDED_BYTES)
            with self._progress.step("fetch the board's packages"):
                await self._npm(node, source, "ci", "--ignore-scripts")
            stamp.write_text(wanted)  # `npm ci` begins by removing the folder, and the stamp with it
        return node

    async def _build(self, source: Path, node: Node) -> None:
        """Into a folder of its own, which then takes the place of the old one: half a board is never there."""
        built_from = fingerprint(source)  # before: a change during the build is built the next time
        partial = source / "node_modules" / ".board"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            with self._progress.step("build the board"):
                await self._npm(node, source, "run", "build", "--", "--outDir", str(partial), "--emptyOutDir")
            if not (partial / "index.html").is_file():
                raise BuildFailed("The board's build made no index.html", remedy="look at ui/vite.config.ts")
            (partial / BUILT_FROM).write_text(built_from)
            old = source / "node_modules" / ".board.old"
            shutil.rmtree(old, ignore_errors=True)
            with suppress(FileNotFoundError):
                (source / BUILT).rename(old)
            partial.rename(source / BUILT)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    async def _npm(self, node: Node, source: Path, *arguments: str) -> None:
        log = self._cache / "logs" / f"board-{arguments[0]}.{os.getpid()}.log"
        log.unlink(missing_ok=True)
        step = BuildStep(
            (*node.npm, *arguments),
            shown=" ".join(("npm", *arguments[:2])),
            product="The board",
            environment=node.environment() | {"NO_COLOR": "1"},
            folder=source,
            log=log,
            timeout_seconds=NPM_SECONDS,
            remedy=_remedy,
        )
        await step.run()
        log.unlink(missing_ok=True)


def _remedy(log: Path) -> str:
    """What npm's own words ask for."""
    said = tail(log, 200)
    if re.search(r"EINTEGRITY", said):
        return "do not install it: a package is not the one that is pinned; look at what your npm registry serves"
    if re.search(r"in sync|EUSAGE", said):
        return "run `npm install` in ui/, and commit package-lock.json together with package.json"
    if re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET|CERT|E40[134]\b", said):
        return "look at the network and at npm's settings (`npm config list`): the packages come from your npm registry"
    if re.search(r"ENOSPC|EDQUOT", said):
        return "free some space and start again"
    return "see the end of the log above; `incident-simulator board --check` tells more about the source"
