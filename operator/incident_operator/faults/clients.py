"""Ending the Redis connections that carry a tag, and looking until they are gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from incident_operator.targets import Refused
from incident_operator.targets.redis import RedisTarget

_PAUSE = timedelta(milliseconds=20)
_MOST_LOOKS = 150
_CLEAN_LOOKS = 2
"""One that was being made when its maker was cut off may be named a moment after the first look."""


async def end_clients(redis: RedisTarget, tag: str) -> None:
    """End every connection of this name. Raises TargetError."""
    clean = 0
    for _ in range(_MOST_LOOKS):
        ids = await redis.client_ids(tag)
        await redis.end_clients(ids)
        clean = 0 if ids else clean + 1
        if clean == _CLEAN_LOOKS:
            return
        await asyncio.sleep(_PAUSE.total_seconds())
    raise Refused(f"{redis.access.address} still has connections named {tag}: they are made as fast as they are ended")
