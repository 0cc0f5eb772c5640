"""What every target can do, whatever its type."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar
from urllib.parse import urlsplit

from incident_crds.catalogue import SystemType
from incident_operator.targets.control import Control
from incident_operator.targets.errors import Refused, Unreachable

OPERATOR_NAME = "incidentsim-operator"
"""How the operator calls its own connections, so that it can leave them out of what it measures and ends."""

CONTROL_KEYS = "username and password"
ORDINARY_KEYS = "appUsername and appPassword"
"""Keys of the credentials Secret, named when the target does not take them."""

TargetT = TypeVar("TargetT", bound="Target")


class Facility(StrEnum):
    """What reaches a system from outside, which some faults and remedies need."""

    CONTROL = "control"
    """A control endpoint: stops and restarts the process."""
    PROXY = "proxy"
    """A proxy of ours in front of it: delays what clients get."""
    POD = "pod"
    """A pod that the operator made."""


@dataclass(frozen=True, slots=True)
class PodNote:
    """What Kubernetes says about a pod: in a sentence, and how old it is; 0 where there is none at the moment."""

    text: str
    age_seconds: int


class PodControl(Protocol):
    """The pod that a system runs in, where the operator created it. All raise TargetError."""

    async def kill(self) -> str:
        """Delete the pod and return its uid; another takes its place. Raises Unreachable where there is none."""

    async def ready_uid(self) -> str:
        """The uid of the pod that is ready, or "" while none is."""

    async def describe(self) -> PodNote:
        """What Kubernetes says about the pod."""


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
    max_memory_bytes: int | None = None
    max_clients: int | None = None
    """The limits that a Redis of ours was created with; None where nobody says."""
    client_endpoint: str = ""
    """Where ordinary clients connect; the same as `endpoint` where empty."""
    control: Control | None = None
    """Stops and restarts the process."""
    proxy: Control | None = None
    """Delays what clients get."""
    pod: PodControl | None = None
    timeout: timedelta = timedelta(seconds=3)

    def for_clients(self) -> Access:
        """As an ordinary client has it."""
        return replace(self, endpoint=self.client_endpoint or self.endpoint)

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
    canary_round_trips: ClassVar[int]
    """Answers that a canary awaits one after the other."""

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

    @abstractmethod
    async def ping(self) -> timedelta:
        """The time of the smallest question and answer over the kept control connection."""

    def control(self) -> Control:
        """What stops and restarts the process. Raises Refused where there is nothing that could."""
        if self.access.control is None:
            raise Refused("the system has no spec.external.controlRef, so its process cannot be stopped or restarted")
        return self.access.control

    def proxy(self) -> Control:
        """What delays its answers. Raises Refused where there is nothing that could."""
        if self.access.proxy is None:
            raise Refused("the system has no spec.external.proxyRef, so its answers cannot be delayed")
        return self.access.proxy

    def pod(self) -> PodControl:
        """The pod that it runs in. Raises Refused where the operator did not create it."""
        if self.access.pod is None:
            raise Refused("the operator did not create the system, so it knows no pod of it")
        return self.access.pod

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
