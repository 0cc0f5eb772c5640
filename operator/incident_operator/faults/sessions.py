"""Ending the Postgres sessions that carry a tag, and waiting until they are gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from incident_operator.targets import Refused
from incident_operator.targets.postgres import PostgresTarget

_PAUSE = timedelta(milliseconds=20)
_MOST_LOOKS = 150


async def end_sessions(postgres: PostgresTarget, tag: str) -> None:
    """A session in a long call takes a moment to go, and one may be starting: look until there is none."""
    for _ in range(_MOST_LOOKS):
        if not await postgres.end_sessions(tag):
            return
        await asyncio.sleep(_PAUSE.total_seconds())
    raise Refused(f"{postgres.access.address} still has sessions of {tag}, which do not end when told to")
