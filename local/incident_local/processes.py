"""One started process: its own group, its own log, and no life after ours."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
KEPT_LOGS = 3


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that a process runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a process, and how to end it."""

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: dict[str, str] = field(repr=False)
    folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when this process dies without stopping its children."""
    stop_seconds: float = 10.0


class Child:
    """A running process. `ended` holds its return code once it has one."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        self.command = command
        self._process = process
        self._group_ended = False

    @classmethod
    async def start(cls, command: Command) -> Child:
        """Raises OSError when the program cannot be started."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        account = command.account
        with command.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=command.environment,
                cwd=command.folder,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
                preexec_fn=die_with_parent(command.death_signal),
            )
        return cls(command, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """Its return code, once it has ended; what is left of its group ends with it.

        At once and once only: later the number may be that of somebody else's group.
        """
        code = await self._process.wait()
        if not self._group_ended:
            self._group_ended = True
            kill_group(self.pid)
        return code

    async def stop(self) -> None:
        """Ask, then insist. Returns when the process and whatever is left of its group are gone."""
        if self.ended is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.command.stop_signal)
            try:
                await asyncio.wait_for(self.wait(), self.command.stop_seconds)
            except TimeoutError:
                kill_group(self.pid)
        await self.wait()


def kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def die_with_parent(death_signal: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """Runs in the child before exec, after it has changed its user (which would clear the request)."""
    if _LIBC is None:
        return None
    parent, prctl = os.getpid(), _LIBC.prctl

    def request() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and the request
            os._exit(1)

    return request


def rotate_log(path: Path) -> None:
    """Keep the last few runs: name.log, name.log.1, name.log.2."""
    for number in range(KEPT_LOGS - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, for a message."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, lines)).rstrip()
    except FileNotFoundError:
        return ""


def describe_exit(code: int) -> str:
    """A return code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def birth_of(pid: int) -> str | None:
    """When the process began, as the kernel counts it; with the pid it names one process for ever. None: not alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if sys.platform == "linux":
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        return "unknown"
    return None if fields[0] in ("Z", "X") else fields[19]
