"""Named points at which a crash test ends this process as a power cut would. Unarmed, each is one comparison.

Armed by INCIDENTSIM_FAILPOINT, never otherwise: `incident-simulator crash-test` sets it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from incident_crds.failpoint import Failpoint

_system: ContextVar[str] = ContextVar("failpoint_system", default="")


@dataclass(frozen=True, slots=True)
class Armed:
    """Where to end, on which system, and where to note what was passed."""

    point: Failpoint | None
    system: str
    journal: Path | None

    def reach(self, point: Failpoint, system: str, note: str) -> None:
        ends = point is self.point and self.system in ("", system)
        if self.journal is not None:
            line = json.dumps({"point": point, "system": system, "note": note, "ends": ends}) + "\n"
            with self.journal.open("a") as file:
                file.write(line)
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)


_armed: Armed | None = None


def parse_failpoint(text: str) -> tuple[Failpoint, str]:
    """POINT or POINT@SYSTEM. Raises ValueError that names the points there are."""
    name, _, system = text.partition("@")
    try:
        return Failpoint(name), system
    except ValueError:
        raise ValueError(f"{name!r} is none of {', '.join(Failpoint)}; add @SYSTEM for one system only") from None


def arm(failpoint: str | None, journal: Path | None) -> None:
    """As the settings say; with neither, every point is passed unseen."""
    global _armed  # noqa: PLW0603 - armed once, at the start of the process; a crash has no other owner
    point, system = parse_failpoint(failpoint) if failpoint else (None, "")
    _armed = Armed(point, system, journal) if point or journal else None


@contextmanager
def on_system(system: str) -> Iterator[None]:
    """What is reached inside, also by tasks that begin there, is about this system."""
    token = _system.set(system)
    try:
        yield
    finally:
        _system.reset(token)


def reached(point: Failpoint, system: str = "", note: str = "") -> None:
    """The process ends here when it is armed for this point; `system` may be left out inside `on_system`."""
    if _armed is not None:
        _armed.reach(point, system or _system.get(), note)
