"""Progress on the terminal: live where somebody watches, plain lines where a log is written."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from typing_extensions import override


class Step:
    """A step that is under way; `say` tells how far it is."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._title = title
        self._started = time.monotonic()
        self._last_plain = self._started

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def say(self, detail: str) -> None:
        """Shown at once on a terminal, and every 15 s elsewhere: a log of a build is not a film."""
        text = f"{self._title}: {detail} ({self.elapsed:.0f} s)"
        if self._progress.status:
            self._progress.status.update(escape(text))
        elif time.monotonic() - self._last_plain >= 15:
            self._last_plain = time.monotonic()
            self._progress.line(text)


class _PatientConsole(Console):
    """A reader that went away ends nothing: what is under way has to be undone and stopped in order."""

    @override
    def on_broken_pipe(self) -> None:
        self.quiet = True


class Progress:
    """Where everything for the person goes: stderr, so that stdout holds nothing but the answer."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = _PatientConsole(file=sys.stderr, highlight=False, emoji=False, soft_wrap=True, quiet=quiet)
        self.status: Status | None = None

    def line(self, text: str, style: str = "") -> None:
        """Never raises, and never lets a text command the terminal: titles and plans come from anybody."""
        printable = "".join(c if c.isprintable() or c == "\n" else "?" for c in text.expandtabs())
        with suppress(OSError):  # the terminal is gone
            self.console.print(escape(printable), style=style or None)

    def warn(self, text: str) -> None:
        self.line(text, "yellow")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that it is under way, and how long it took once it is done; nothing is claimed when it fails."""
        step = Step(self, title)
        if not self.console.is_terminal:
            yield step
        else:
            with self.console.status(escape(title)) as status:
                outer, self.status = self.status, status
                try:
                    yield step
                finally:
                    self.status = outer
        self.line(f"  {title:<44} {step.elapsed:6.1f} s", "green" if self.console.is_terminal else "")
