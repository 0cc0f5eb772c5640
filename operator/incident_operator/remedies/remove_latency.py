"""Ends a delay in the proxy in front of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from typing_extensions import override

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, Risk, SystemType
from incident_operator.remedies.base import Evidence, Remedy, number
from incident_operator.targets import Facility, Target, TargetError

_DELAY = "delayMilliseconds"


class RemoveLatency(Remedy):
    """Proven by the proxy's own account; that clients are served in time again is for the verification."""

    type: ClassVar[ActionType] = ActionType.REMOVE_LATENCY
    system_type: ClassVar[SystemType | None] = None
    risk: ClassVar[Risk] = Risk.LOW
    reversible: ClassVar[bool] = False
    needs: ClassVar[Facility | None] = Facility.PROXY

    @override
    async def observe(self, target: Target, params: ActionParams) -> Evidence:
        evidence: Evidence = {_DELAY: (await target.proxy().state()).latency_milliseconds}
        try:
            evidence["canaryMilliseconds"] = round((await target.canary()).total_seconds() * 1000)
        except TargetError as error:  # so slow that it fails is slow, too
            evidence["canary"] = str(error)
        return evidence

    @override
    async def execute(self, target: Target, params: ActionParams) -> str:
        delay = (await target.proxy().state()).latency_milliseconds
        await target.proxy().undelay()
        return f"the delay of {delay} ms ended; answers pass at once"

    @override
    def effect(self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str | None:
        was, now = number(before, _DELAY), number(after, _DELAY)
        if was is None or now is None:
            return "the proxy's delay could not be read before and after, so nothing is proven"
        if was == 0:
            return "the proxy delayed nothing, so nothing was done"
        return f"the proxy still delays answers by {now:g} ms" if now else None
