"""What a process and its children have used, from /proc: CPU seconds and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_RESET_PEAK = "5"


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process and all below it. `cpu_seconds` counts user and system time, and children that have ended."""

    cpu_seconds: float
    rss_mib: float
    peak_mib: float
    """The most since `reset_peak`; with several processes the sum of each one's most."""


def family(pid: int) -> list[int]:
    """The process and all its descendants that live."""
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        found.append(parent)
        with suppress(FileNotFoundError, ProcessLookupError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                with suppress(FileNotFoundError, ProcessLookupError):
                    queue += [int(child) for child in children.read_text().split()]
    return found


def _families(roots: Iterable[int]) -> set[int]:
    return {pid for root in roots for pid in family(root)}


def read_usage(pids: Iterable[int]) -> Usage:
    """The sum over the given processes and their descendants. One that has ended counts as nothing."""
    cpu = rss = peak = 0.0
    for pid in _families(pids):
        with suppress(FileNotFoundError, ProcessLookupError):
            cpu += _cpu_seconds(pid)
            now, most = _memory_mib(pid)
            rss, peak = rss + now, peak + most
    return Usage(cpu, rss, peak)


def reset_peak(pids: Iterable[int]) -> None:
    """Let the peak begin anew."""
    for pid in _families(pids):
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def find_programs(root: int, names: Iterable[str]) -> list[int]:
    """Descendants of `root` whose program has one of the names."""
    wanted = set(names)
    return [pid for pid in family(root) if _program(pid) in wanted]


def _program(pid: int) -> str:
    try:
        return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()).name
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def _memory_mib(pid: int) -> tuple[float, float]:
    """(resident now, most resident). A kernel thread or zombie has none."""
    values = {"VmRSS": 0, "VmHWM": 0}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in values:
            values[name] = int(rest.split()[0])
    return values["VmRSS"] / 1024, values["VmHWM"] / 1024
