"""What can go wrong on a laptop, as one tree.

LocalError
├── ProgramMissing        a program is neither on PATH nor in a wheel that can be installed
├── BuildFailed           the control plane, the board or a development tool could not be built
├── SettingsInvalid       a variable of the environment makes no sense
├── StateLocked           another `up`, or another user, has the state folder
├── StateForeign          the folder that was named is no state folder
├── NotRunning            a command needs a running `up`, and there is none
├── PortTaken             a port that was asked for belongs to somebody else
├── NoSpace               the state or cache folder is full
├── StartFailed           a process ended or was not ready in time
├── ControlPlaneDied      the API server ended while others needed it
├── SetupFailed           the API server refused what the drills need
├── LeftBehind            a process outlived the stop
├── LinkRefused           the API does not answer, or makes no sign-in link
├── ScenarioInvalid       no such scenario, or a file that is not one
├── DrillFailed           a drill that was rejected, timed out, or was not passed
└── BenchFailed           a measurement that could not be taken
"""

from __future__ import annotations

from pathlib import Path

from typing_extensions import override


class LocalError(Exception):
    """What happened and why, what to do about it, and where the log is."""

    def __init__(self, what: str, *, remedy: str = "", log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.log = log

    @override
    def __str__(self) -> str:
        lines = [self.what]
        if self.remedy:
            lines.append(f"What to do: {self.remedy}")
        if self.log:
            lines.append(f"Log: {self.log}")
        return "\n".join(lines)


class ProgramMissing(LocalError):
    pass


class BuildFailed(LocalError):
    pass


class SettingsInvalid(LocalError):
    pass


class StateLocked(LocalError):
    pass


class StateForeign(LocalError):
    pass


class NotRunning(LocalError):
    pass


class PortTaken(LocalError):
    pass


class NoSpace(LocalError):
    pass


class StartFailed(LocalError):
    pass


class ControlPlaneDied(LocalError):
    pass


class SetupFailed(LocalError):
    pass


class LeftBehind(LocalError):
    pass


class LinkRefused(LocalError):
    pass


class ScenarioInvalid(LocalError):
    pass


class DrillFailed(LocalError):
    pass


class BenchFailed(LocalError):
    pass
