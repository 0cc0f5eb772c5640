"""How every command runs: its settings, its end by a signal, and each failure as a message and not a traceback."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from incident_crds.environment import explain_settings
from incident_local.errors import LocalError, NoSpace, SettingsInvalid
from incident_local.progress import Progress
from incident_local.settings import ControlPlaneKind, Settings

INTERRUPTED = 130


def _settings(control_plane: ControlPlaneKind | None = None) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        problems = explain_settings(error, "INCIDENTSIM_")
        raise SettingsInvalid("\n".join(problems), remedy="correct the variable, or unset it") from None
    changes: dict[str, Any] = {"state_dir": settings.state_dir.absolute(), "cache_dir": settings.cache_dir.absolute()}
    if control_plane:
        changes["control_plane"] = control_plane
    return settings.model_copy(update=changes)


def run_command(
    command: Callable[[Settings, Progress], Coroutine[Any, Any, int]],
    control_plane: ControlPlaneKind | None = None,
    *,
    exits: bool = True,
) -> None:
    """Run to the end, a failure, or the first signal; a later signal cannot hurry the clean-up."""
    progress = Progress()
    try:
        code = asyncio.run(_until_signal(command(_settings(control_plane), progress), progress))
    except LocalError as error:
        progress.line(str(error), "red")
        code = 1
    except OSError as error:
        progress.line(str(_explain(error)), "red")
        code = 1
    if exits or code != 0:
        raise typer.Exit(code)


def _explain(error: OSError) -> LocalError:
    """An error of the machine that nobody foresaw where it happened: still a message, and no traceback."""
    where = Path(error.filename).parent if isinstance(error.filename, str) else "a folder of ours"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"There is no space left in {where}", remedy="free some space and start again")
    what = f"{error.strerror or type(error).__name__}: {error.filename}" if error.filename else str(error)
    return LocalError(
        f"The machine refused something: {what}",
        remedy="see that the state and cache folders are yours to write, or name others with "
        "INCIDENTSIM_STATE_DIR and INCIDENTSIM_CACHE_DIR",
    )


async def _until_signal(command: Coroutine[Any, Any, int], progress: Progress) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(command)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if interrupted:
            progress.line("already stopping")
        else:
            interrupted = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        if interrupted:
            return INTERRUPTED
        raise
