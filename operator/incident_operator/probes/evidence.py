"""What a diagnosis stands on, read from the system itself: bounded in size and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from incident_crds.catalogue import SignalName, SystemType
from incident_operator.domain.evidence import Evidence
from incident_operator.domain.sample import Signal
from incident_operator.probes.evidence_disk import read_disk
from incident_operator.probes.evidence_postgres import read_postgres
from incident_operator.probes.evidence_redis import read_redis
from incident_operator.probes.evidence_surroundings import read_surroundings
from incident_operator.targets import Target, TargetError
from incident_operator.targets.base import narrow
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget

LONGEST = timedelta(seconds=2)
"""For a system that answers as usual."""
LONGEST_WHEN_SLOW = timedelta(seconds=6)
_SLOW_ANSWERS = 3
"""A slow system gets the time of so many of its canary's operations more."""

log = structlog.get_logger(__name__)


async def gather_evidence(target: Target, system: str, signals: Sequence[Signal]) -> Evidence:
    """What can be read within `longest_for(signals)`, and what is seen of it from outside within a second more.

    Never raises TargetError: what could not be read is missing, and the fact `error` says why.
    """
    evidence = await _gather_inside(target, system, signals)
    return replace(evidence, facts={**evidence.facts, **await read_surroundings(target)})


def longest_for(signals: Sequence[Signal]) -> timedelta:
    """How long reading may take: a system that is slow for its clients is slow for this, too."""
    latency = next((s for s in signals if s.name is SignalName.LATENCY), None)
    if latency is None:
        return LONGEST
    took = latency.metrics.get("milliseconds")
    if took is None:  # the canary failed, perhaps because it waited too long
        return LONGEST_WHEN_SLOW
    return min(LONGEST_WHEN_SLOW, LONGEST + _SLOW_ANSWERS * timedelta(milliseconds=took))


async def _gather_inside(target: Target, system: str, signals: Sequence[Signal]) -> Evidence:
    seconds = longest_for(signals).total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return await _read(target, system, tuple(signals))
    except TimeoutError:
        facts: Mapping[str, str] = {"error": f"reading took longer than {seconds:g} s"}
    except TargetError as error:
        facts = {"error": str(error)}
    except (ValueError, TypeError, KeyError) as error:
        log.exception("evidence is not as expected", system=system)
        facts = {"error": f"what was read is not as expected: {type(error).__name__}"}
    return Evidence(system=system, type=target.type, signals=tuple(signals), facts=facts)


async def _read(target: Target, system: str, signals: tuple[Signal, ...]) -> Evidence:
    match target.type:
        case SystemType.REDIS:
            return await read_redis(narrow(target, RedisTarget), system, signals)
        case SystemType.POSTGRES:
            return await read_postgres(narrow(target, PostgresTarget), system, signals)
        case SystemType.DISK:
            return await read_disk(narrow(target, DiskTarget), system, signals)
        case _:
            assert_never(target.type)
