"""What the person sees: colours only where a terminal wants them, tables, questions."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TextIO

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_PHASES = {
    "Triage": "magenta",
    "Investigating": "yellow",
    "Fixing": "blue",
    "Resolved": "green",
    "AwaitingApproval": "yellow",
    "Succeeded": "green",
    "Failed": "red",
    "RolledBack": "red",
    "Rejected": "red",
    "Expired": "dim",
    "Superseded": "dim",
}
_GRADES = {"P0": "red", "P1": "red", "P2": "yellow", "P3": "", "High": "red", "Medium": "yellow", "Low": "green"}
WIDEST = 110


class Terminal:
    """Answers go to stdout; what is said beside them goes to stderr, so that a pipe gets answers only."""

    def __init__(self, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> None:
        self._out = out
        self._err = err
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._colours = {id(stream): stream.isatty() and not plain for stream in (out, err)}
        self.width = shutil.get_terminal_size((WIDEST, 24)).columns if out.isatty() else 0
        """Columns of the terminal; 0 where there is none, and so no limit."""

    def line(self, text: str = "", *styles: str) -> None:
        """A line of the answer."""
        print(self.paint(text, *styles), file=self._out, flush=True)

    def note(self, text: str, *styles: str) -> None:
        """A line beside the answer."""
        print(self._paint(self._err, text, styles), file=self._err, flush=True)

    def paint(self, text: str, *styles: str) -> str:
        """The text in these styles, where the answer goes to a terminal."""
        return self._paint(self._out, text, styles)

    def word(self, text: str) -> str:
        """A phase, severity or risk in its colour."""
        return self.paint(text, _PHASES.get(text) or _GRADES.get(text, ""))

    def _paint(self, stream: TextIO, text: str, styles: Sequence[str]) -> str:
        codes = ";".join(_CODES[style] for style in styles if style)
        return f"\033[{codes}m{text}\033[0m" if codes and self._colours[id(stream)] else text

    def json(self, document: Any) -> None:
        self.line(json.dumps(document, indent=2, ensure_ascii=False))

    def heading(self, text: str) -> None:
        self.line()
        self.line(text, "bold")

    def paragraph(self, text: str, indent: str = "  ") -> None:
        """Wrapped, each line indented."""
        for row in wrap(text, self.width, indent):
            self.line(row)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], *, stretch: int | None = None) -> None:
        """Columns as kubectl prints them. The column `stretch` is cut where the terminal is too narrow."""
        widths = [max([len(h), *(len(row[i]) for row in rows)]) for i, h in enumerate(headers)]
        if stretch is not None and self.width:
            spare = self.width - sum(widths) - 3 * (len(widths) - 1)
            widths[stretch] = max(12, widths[stretch] + min(0, spare))
        self.line("   ".join(h.ljust(w) for h, w in zip(headers, widths)).rstrip())
        for row in rows:
            cells = [self._cell(text, width) for text, width in zip(row, widths)]
            self.line("   ".join(cells).rstrip())

    def _cell(self, text: str, width: int) -> str:
        cut = text if len(text) <= width else text[: width - 1] + "…"
        return self.word(cut) + " " * (width - len(cut))

    @property
    def beside(self) -> TextIO:
        """The stream for what is no answer."""
        return self._err

    @property
    def can_ask(self) -> bool:
        return sys.stdin.isatty()

    def ask(self, question: str) -> str:
        """What the person types; empty at the end of input."""
        self._err.write(self._paint(self._err, question, ["bold"]) + " ")
        self._err.flush()
        return sys.stdin.readline().strip()


def wrap(text: str, width: int, indent: str) -> list[str]:
    """The text in lines of at most this width, or WIDEST where it is 0."""
    return textwrap.wrap(
        text, max(40, min(width or WIDEST, WIDEST)), initial_indent=indent, subsequent_indent=indent
    ) or [indent.rstrip()]


def age(since: datetime | None, now: datetime) -> str:
    """As kubectl prints ages: 42s, 7m12s, 3h5m, 2d4h."""
    if since is None:
        return "-"
    seconds = max(0, int((now - since).total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if minutes < 2:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    return f"{days}d{hours % 24}h" if days < 8 and hours % 24 else f"{days}d"


def duration(seconds: float | None) -> str:
    """A span as a person says it: 0.42 s, 12.3 s, 4 min 5 s, 2 h 3 min."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def parse_span(text: str) -> timedelta:
    """90, 90s, 10m or 1h. Raises ValueError."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    seconds = float(number) * units[unit]
    if not 0 < seconds <= 86400:
        raise ValueError(text)
    return timedelta(seconds=seconds)
