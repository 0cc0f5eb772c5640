"""What a scenario gives: named figures with units, and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.meter import Usage, read_usage, reset_peak


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. None: it could not be had, and `note` says why."""

    name: str
    value: float | None
    unit: str
    note: str = ""


@dataclass(slots=True)
class Measurement:
    """All that one scenario found out about one target."""

    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, name: str, value: float | None, unit: str, note: str = "") -> None:
        self.figures.append(Figure(name.strip(), value, unit, note))

    def add_times(self, name: str, times: dict[str, float | None], note: str = "") -> None:
        """p50, p95, p99 and max, in milliseconds."""
        for part, value in times.items():
            self.add(f"{name} {part}", value, "ms", note)


class Meters:
    """What the server and its store use between two moments."""

    def __init__(self, server_pid: int, store_pids: Sequence[int], store_title: str) -> None:
        self._server_pid = server_pid
        self._store_pids = store_pids
        self._store_title = store_title
        reset_peak([server_pid])
        self._server_before = read_usage([server_pid])
        self._store_before = read_usage(store_pids)

    def report(self, measurement: Measurement, name: str, seconds: float | None = None) -> None:
        """CPU since the beginning, and memory. With `seconds`, the share of a core over that time, too."""
        server, store = read_usage([self._server_pid]), read_usage(self._store_pids)
        used = server.cpu_seconds - self._server_before.cpu_seconds
        store_used = store.cpu_seconds - self._store_before.cpu_seconds
        measurement.add(f"{name} server CPU", used, "s")
        if seconds:
            measurement.add(f"{name} server CPU share", 100 * used / seconds, "% of a core")
        measurement.add(f"{name} store CPU", store_used, "s", self._store_title)
        if seconds:
            measurement.add(f"{name} store CPU share", 100 * store_used / seconds, "% of a core", self._store_title)
        add_memory(measurement, name, server)


def add_memory(measurement: Measurement, name: str, server: Usage) -> None:
    """Resident memory now and at most."""
    measurement.add(f"{name} server memory", server.rss_mib, "MiB")
    measurement.add(f"{name} server memory at most", server.peak_mib, "MiB")
