"""Latency: the canary's time against a budget, 100 up to it and 0 from ten times it on."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SignalName, SystemType
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.sample import Signal, clamp_health
from incident_operator.probes.base import ALL_TYPES, Probe, Reading
from incident_operator.targets import TargetError

_ZERO_AT = 10


class LatencyProbe(Probe):
    """Unknown while the canary fails: its time says nothing then."""

    signal: ClassVar[SignalName] = SignalName.LATENCY
    system_types: ClassVar[frozenset[SystemType]] = ALL_TYPES

    @override
    async def measure(self, reading: Reading, policy: HealthPolicy) -> Signal:
        outcome = await reading.canary()
        if isinstance(outcome, TargetError):
            return Signal(self.signal, None, "not measured, as the canary failed")
        budget = float(policy.latency_budget_milliseconds)
        milliseconds = outcome.total_seconds() * 1000
        excess = max(0.0, milliseconds - budget) / (budget * (_ZERO_AT - 1))
        message = f"the canary took {milliseconds:.0f} ms of a budget of {budget:.0f} ms"
        metrics = {"milliseconds": milliseconds, "budgetMilliseconds": budget}
        return Signal(self.signal, clamp_health(100 - excess * 100), message, metrics)
