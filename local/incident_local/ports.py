"""Loopback ports: the one that was asked for, else the one of last time, else a free one."""

from __future__ import annotations

import json
import random
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from incident_local.errors import PortTaken
from incident_local.settings import PORT_FIELDS
from incident_local.state import write_json

LOOPBACK = "127.0.0.1"
# Below the range that Linux gives to outgoing connections, or one of those would take a port while we are down.
_RANGE = range(20000, 32000)
_TRIES = 200


class PortBook:
    """Ports by name, kept in a file so that a restart of `up` finds its clients where they were.

    They are its own until it is closed, whoever else chooses meanwhile.
    """

    def __init__(self, path: Path, configured: Mapping[str, int]) -> None:
        self._path = path
        self._configured = configured
        self._kept: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        self._claimed: set[int] = set()
        self._reservations: list[socket.socket] = []

    def claim(self, name: str) -> int:
        """The port for `name`, free a moment ago. Raises PortTaken for a configured one that is not."""
        port = self._choose(name)
        self._claimed.add(port)
        if self._kept.get(name) != port:
            self._kept[name] = port
            write_json(self._path, self._kept)
        return port

    def close(self) -> None:
        """Others may have the ports from now on."""
        while self._reservations:
            self._reservations.pop().close()

    def _choose(self, name: str) -> int:
        if wanted := self._configured.get(name):
            variable = f"INCIDENTSIM_{PORT_FIELDS[name].upper()}"
            if wanted in self._claimed:
                raise PortTaken(
                    f"Port {wanted} for {name} is also another part's", remedy=f"give {variable} a port of its own"
                )
            if not self._take(wanted):
                raise PortTaken(
                    f"Port {wanted} for {name} is taken by another process",
                    remedy=f"stop it (`ss -ltnp 'sport = :{wanted}'` names it), or unset {variable}",
                )
            return wanted
        kept = self._kept.get(name)
        if kept and kept not in self._claimed and self._take(kept):
            return kept
        taken = self._claimed | set(self._kept.values())
        for port in random.sample(_RANGE, _TRIES):
            if port not in taken and self._take(port):
                return port
        raise PortTaken(
            f"No free port for {name} between {_RANGE.start} and {_RANGE.stop}",
            remedy="stop some of the programs that listen there",
        )

    def _take(self, port: int) -> bool:
        """Whether it is free, and was not claimed a moment ago by another stack that is about to listen there."""
        if not is_free(port):
            return False
        if sys.platform != "linux":
            return True  # two stacks that start at once may choose the same port, and one of them says so
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            reservation.bind(f"\0incident-simulator/port/{port}")  # no file: it goes with this process
        except OSError:
            reservation.close()
            return False
        self._reservations.append(reservation)
        return True


def is_free(port: int) -> bool:
    """Whether a server could listen there now; an old connection in TIME_WAIT is no hindrance."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
