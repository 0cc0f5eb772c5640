"""What a probe is, and the canary run that several probes share."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal
from incident_operator.targets import Target, TargetError

MIB = 1024 * 1024
ALL_TYPES = frozenset(SystemType)


class Reading:
    """One round of probes on a target: its canary runs once, whoever asks."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._canary: asyncio.Future[timedelta | TargetError] | None = None

    async def canary(self) -> timedelta | TargetError:
        """The canary's time, or why it failed."""
        if self._canary is None:
            self._canary = asyncio.ensure_future(self._run_canary())
        return await self._canary

    async def _run_canary(self) -> timedelta | TargetError:
        try:
            return await self.target.canary()
        except TargetError as error:
            return error


class Probe(ABC):
    """Measures one signal. Stateless; raises TargetError where the target cannot be asked."""

    signal: ClassVar[SignalName]
    system_types: ClassVar[frozenset[SystemType]]

    @abstractmethod
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        """The signal now; its message is a short sentence with numbers."""
