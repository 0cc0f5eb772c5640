"""`down`: stop a running `up` from another process, and prove that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from incident_local.accounts import find_account, folder_for
from incident_local.errors import LeftBehind, StateLocked
from incident_local.processes import birth_of
from incident_local.state import StateFolder
from incident_local.systems import postgres

STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05

Process = tuple[int, str]
"""pid and birth, which together name one process for ever."""


async def stop_running(state: StateFolder) -> int | None:
    """Pid of the stopped process; None when none ran. Raises LeftBehind when something outlives the stop."""
    pid = state.holder()
    if pid is None:
        return None
    known: set[Process] = {(member, birth) for member in [pid, *descendants(pid)] if (birth := birth_of(member))}
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise StateLocked(f"Process {pid} belongs to another user", remedy="run this as that user") from error
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while alive := sorted(member for member, birth in known if birth_of(member) == birth):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise LeftBehind(
            f"Still running {STOP_SECONDS:g} s after the stop: {', '.join(map(str, alive))}",
            remedy=f"look at them with `ps -fp {','.join(map(str, alive))}`; `kill -9` them if they are stuck",
        ) from None
    return pid


def descendants(pid: int) -> list[int]:
    """Its children, their children, and so on; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def delete_data(state: StateFolder) -> None:
    """Remove what is ours of the state folder, and what lies elsewhere because another user needs to reach it.

    Raises StateLocked while it is in use, and StateForeign where it is no state folder.
    """
    if not state.root.is_dir():
        return
    state.require_ours()
    with state.locked():
        elsewhere = folder_for(find_account(), state.data / postgres.NAME)
        for part in (elsewhere, *state.parts()):
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
    with suppress(OSError):  # somebody put something else there
        state.root.rmdir()
