"""What every target can do, whatever its type."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from incident_crds.catalogue import SystemType
from incident_operator.targets.control import ControlAccess, ask_restart, ask_stop
from incident_operator.targets.errors import Refused, Unreachable

OPERATOR_NAME = "incidentsim-operator"
"""How the operator calls its own connections, so that it can leave them out of what it measures and ends."""

CONTROL_KEYS = "username and password"
ORDINARY_KEYS = "appUsername and appPassword"
"""Keys of the credentials Secret, named when the target does not take them."""

TargetT = TypeVar("TargetT", bound="Target")


@dataclass(frozen=True, slots=True)
class Access:
    """Where a system is and how to get in. `username` has control rights, `app_username` ordinary ones."""

    endpoint: str
    username: str
    password: str = field(repr=False)
    app_username: str
    app_password: str = field(repr=False)
    database: str | None = None
    capacity_bytes: int | None = None
    control: ControlAccess | None = None
    timeout: timedelta = timedelta(seconds=3)

    def parse(self) -> tuple[str, int | None, str]:
        """Host, port and path of the endpoint. Raises Refused where they cannot be told apart."""
        try:
            url = urlsplit(self.endpoint)
            host, port = url.hostname, url.port
        except ValueError as error:
            raise Refused(f"spec.external.endpoint {self.endpoint!r} is no address: {error}") from None
        if not host:
            raise Refused(f"spec.external.endpoint {self.endpoint!r} names no host")
        return host, port, url.path.strip("/")

    @property
    def address(self) -> str:
        """HOST:PORT, for messages."""
        return self.endpoint.partition("://")[2].partition("/")[0].rpartition("@")[2]


class Target(ABC):
    """One system. Belongs to the event loop that opened it; safe for many tasks of that loop.

    Every call is bounded by the access's timeout and raises TargetError only.
    """

    type: ClassVar[SystemType]

    def __init__(self, access: Access) -> None:
        self.access = access

    @abstractmethod
    async def open(self) -> None:
        """See that the control connection works; it is kept, so that an exhausted target can still be healed.

        Optional and repeatable. One that died with the process before the last restart is made again here;
        any other call finds that out by failing once.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back all connections; the target can be opened again."""

    @abstractmethod
    async def canary(self) -> timedelta:
        """The time of a small real write and read over a newly made connection with ordinary rights."""

    @abstractmethod
    async def seed(self) -> None:
        """Write the ordinary data that is missing."""

    @abstractmethod
    async def count_ordinary(self) -> int:
        """How many items of the seeded data are there."""

    @abstractmethod
    async def identity(self) -> str:
        """Changes whenever the system's process is started anew."""

    async def restart(self) -> None:
        """Ask the control endpoint to restart the process; does not wait until it is reachable."""
        await ask_restart(self._control())

    async def stop(self, duration: timedelta) -> None:
        """Ask the control endpoint to stop the process; it starts it again by itself after that time."""
        await ask_stop(self._control(), duration)

    def _control(self) -> ControlAccess:
        if self.access.control is None:
            raise Refused("the system has no spec.external.controlRef, so its process cannot be restarted")
        return self.access.control

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Turns the end of the time into Unreachable."""
        seconds = self.access.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise Unreachable(f"{self.access.address} did not answer within {seconds:g} s") from error


def narrow(target: Target, kind: type[TargetT]) -> TargetT:
    """The target as its own type. What is written for one type and given another is a bug, not an outage."""
    if not isinstance(target, kind):
        raise TypeError(f"needs a {kind.__name__}, not a {type(target).__name__}")
    return target
