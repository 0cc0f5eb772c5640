"""Holds back what the system answers to its clients, in the proxy in front of it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import ActionType, FaultType, SignalName, SystemType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.failpoint import Failpoint
from incident_crds.fault import Fault as FaultSpec
from incident_crds.fault import NetworkLatencyFault
from incident_crds.mocksystem import HealthPolicy
from incident_operator.failpoints import reached
from incident_operator.faults.base import Fault
from incident_operator.targets import Facility, Target
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget

_BUDGETS = 8
"""The canary then takes so many times its budget: far below any threshold, and still an answer."""
_MOST_OF_TIMEOUT = 0.8
_CANARY = "canaryMilliseconds"
_ZERO_AT = 10  # budgets at which the signal is 0
_MOST_ANSWERS = max(kind.canary_round_trips for kind in (RedisTarget, PostgresTarget, DiskTarget))


class NetworkLatency(Fault):
    """The system is as fast as ever; who connects as a client waits for each answer."""

    type: ClassVar[FaultType] = FaultType.NETWORK_LATENCY
    system_type: ClassVar[SystemType | None] = None
    signal: ClassVar[SignalName | None] = SignalName.LATENCY
    acceptable_actions = frozenset({ActionType.REMOVE_LATENCY})
    dead_man: ClassVar[str] = "The proxy notes when the delay ends before it begins with it, and ends it then."
    needs: ClassVar[Facility | None] = Facility.PROXY

    @override
    def parameters_error(self, spec: FaultSpec, policy: HealthPolicy) -> str | None:
        """Too little for a system of any type. How much one of another type takes is seen only at its canary."""
        wanted = (spec.network_latency or NetworkLatencyFault()).delay_milliseconds
        noticed = policy.latency_budget_milliseconds * (1 + (100 - policy.threshold_percent) / 100 * (_ZERO_AT - 1))
        lowest = math.floor(noticed / _MOST_ANSWERS) + 1
        if wanted is None or wanted >= lowest:
            return None
        return (
            f"with {wanted} ms for each answer the canary takes at most {wanted * _MOST_ANSWERS} ms more, and its "
            f"health is below the system's threshold of {policy.threshold_percent} % only after {noticed:.0f} ms; "
            f"set delayMilliseconds to {lowest} or more, or leave it out"
        )

    @override
    def undo_record(self, tag_hash: str, spec: FaultSpec, policy: HealthPolicy) -> UndoRecord:
        goal = min(_BUDGETS * policy.latency_budget_milliseconds, policy.timeout_seconds * 1000 * _MOST_OF_TIMEOUT)
        return UndoRecord(tag=f"route-{tag_hash}", dead_man=self.dead_man, details={_CANARY: int(goal)})

    @override
    async def rehearse(self, target: Target, spec: FaultSpec, undo: UndoRecord) -> str:
        now = (await target.proxy().state()).latency_milliseconds
        return f"its proxy, which holds each answer back by {now} ms now, would by {_delay(target, spec, undo)} ms"

    @override
    async def inject(self, target: Target, spec: FaultSpec, undo: UndoRecord, lifetime: timedelta) -> None:
        delay = timedelta(milliseconds=_delay(target, spec, undo))
        await target.proxy().delay(delay, lifetime, undo.tag)
        reached(Failpoint.HALF_INJECTED)

    @override
    async def recover(self, target: Target, undo: UndoRecord) -> None:
        if await self.residue(target, undo):
            await target.proxy().undelay()
            reached(Failpoint.HALF_RECOVERED)

    @override
    async def residue(self, target: Target, undo: UndoRecord) -> int:
        return int((await target.proxy().state()).latency_tag == undo.tag)


def _delay(target: Target, spec: FaultSpec, undo: UndoRecord) -> int:
    """Milliseconds for each answer: as the experiment says, else so that the canary takes what the record says."""
    wanted, goal = (spec.network_latency or NetworkLatencyFault()).delay_milliseconds, undo.details.get(_CANARY)
    if wanted is None and isinstance(goal, int):
        wanted = goal // target.canary_round_trips
    return max(1, wanted or 0)
