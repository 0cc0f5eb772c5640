"""How the process ends: in good order where it can, and always within a bound. It is crash-only: a cut does no harm."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

GRACE_SECONDS = 10.0
"""What waits for longer, once the end has begun, is cut off. Kubernetes gives a pod 30 by default."""
EXIT_CUT_OFF = 1

log = structlog.get_logger(__name__)


class Ending:
    """The end of the process whose root task this is made in.

    The first SIGINT or SIGTERM cancels that task; a second one ends the process at once.
    """

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self._grace = grace_seconds
        self._loop = asyncio.get_running_loop()
        self._root = asyncio.current_task()
        self._is_asked = False
        self._has_begun = False

    def heed_signals(self) -> None:
        """Also in place of whoever took them since."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._ask, number)

    def begin(self) -> None:
        """From now on the process has its grace to end, whatever waits in it."""
        if self._has_begun:
            return
        self._has_begun = True
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def _ask(self, number: signal.Signals) -> None:
        if self._is_asked:
            log.warning("asked to end twice: the operator is cut off", signal=number.name)
            os._exit(EXIT_CUT_OFF)
        self._is_asked = True
        log.info("the operator was asked to end", signal=number.name)
        self.begin()
        if self._root is not None:
            self._root.cancel()

    def _watch(self) -> None:
        threading.Event().wait(self._grace)  # a daemon: an end in time ends it too
        waiting: list[str] = []
        with suppress(RuntimeError):  # the loop changes its tasks while they are read
            waiting = sorted(_describe(task) for task in asyncio.all_tasks(self._loop))
        log.error("the operator did not end in time and is cut off", seconds=self._grace, waiting=waiting)
        os._exit(EXIT_CUT_OFF)


def _describe(task: asyncio.Task[Any]) -> str:
    frames: list[FrameType] = task.get_stack(limit=1)
    where = "".join(f" at {Path(f.f_code.co_filename).name}:{f.f_lineno}" for f in frames)
    return f"{task.get_name()}{where}"
