"""Connections to the systems themselves: the only room that speaks their protocols."""

from __future__ import annotations

from typing import assert_never

from incident_crds.catalogue import SystemType
from incident_operator.targets.base import Access, Facility, PodNote, Target
from incident_operator.targets.control import Control
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.errors import AccessDenied, Exhausted, Full, Refused, TargetError, Unreachable
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget

__all__ = [
    "Access",
    "AccessDenied",
    "Control",
    "Exhausted",
    "Facility",
    "Full",
    "PodNote",
    "Refused",
    "Target",
    "TargetError",
    "Unreachable",
    "open_target",
]


def open_target(type: SystemType, access: Access) -> Target:
    """A target of this type, not connected yet: it connects at its first use, in the loop that uses it."""
    match type:
        case SystemType.REDIS:
            return RedisTarget(access)
        case SystemType.POSTGRES:
            return PostgresTarget(access)
        case SystemType.DISK:
            return DiskTarget(access)
        case _:
            assert_never(type)
