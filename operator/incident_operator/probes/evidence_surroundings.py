"""What is seen of a system from outside it: its process, its pod, and how fast it answers when asked directly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from incident_operator.domain.evidence import (
    DIRECT_MILLISECONDS,
    NOT_RUNNING,
    POD,
    POD_AGE_SECONDS,
    PROCESS,
    STOPPED,
)
from incident_operator.targets import Target, TargetError

_LONGEST = timedelta(seconds=1)
_PINGS = 3
_SLOW_MILLISECONDS = 250


async def read_surroundings(target: Target) -> Mapping[str, float | str]:
    """Facts, as far as they can be had within a second. Never raises TargetError."""
    facts: dict[str, float | str] = {}
    try:
        async with asyncio.timeout(_LONGEST.total_seconds()):
            facts |= await _read_process(target)
            facts |= await _read_pod(target)
            slowest = 0.0
            for _ in range(_PINGS):  # one alone may find a busy server in a pause
                slowest = max(slowest, (await target.ping()).total_seconds() * 1000)
                facts[DIRECT_MILLISECONDS] = round(slowest, 1)
                if slowest > _SLOW_MILLISECONDS:
                    break
    except (TimeoutError, TargetError):
        return facts
    return facts


async def _read_process(target: Target) -> Mapping[str, str]:
    if target.access.control is None:
        return {}
    try:
        state = await target.access.control.state()
    except TargetError as error:
        return {PROCESS: f"unknown: {error}"}
    if state.running:
        return {PROCESS: "running"}
    return {PROCESS: STOPPED if state.stopped_until else NOT_RUNNING}


async def _read_pod(target: Target) -> Mapping[str, float | str]:
    if target.access.pod is None:
        return {}
    note = await target.access.pod.describe()
    return {POD: note.text, POD_AGE_SECONDS: note.age_seconds}
