"""The canary: 100 when a small real operation works, 0 when it fails."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal
from incident_operator.probes.base import ALL_TYPES, Probe, Reading
from incident_operator.targets import AccessDenied, TargetError


class CanaryProbe(Probe):
    """What an ordinary client would see."""

    signal: ClassVar[SignalName] = SignalName.CANARY
    system_types: ClassVar[frozenset[SystemType]] = ALL_TYPES

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        outcome = await reading.canary()
        if isinstance(outcome, AccessDenied):
            # wrong credentials of ours are no outage of the system
            return Signal(self.signal, None, f"the canary cannot run: {outcome}")
        if isinstance(outcome, TargetError):
            return Signal(self.signal, 0, f"the canary failed: {outcome}")
        milliseconds = outcome.total_seconds() * 1000
        return Signal(self.signal, 100, f"the canary took {milliseconds:.0f} ms", {"milliseconds": milliseconds})
