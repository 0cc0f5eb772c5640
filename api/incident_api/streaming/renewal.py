"""Looks again, all the time: whether each stream's token still holds, what it may see, and how fresh the board is."""

from __future__ import annotations

import asyncio

import structlog

from incident_api.access.gate import Gate, Viewer
from incident_api.cluster.mirror import Mirror
from incident_api.cluster.reviews import REMEMBERED
from incident_api.streaming.hub import Hub
from incident_crds.errors import ApiError

LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def keep_renewed(hub: Hub, gate: Gate, mirror: Mirror) -> None:
    """Until cancelled. While the API server cannot be asked, streams go on with what they may see."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_renew_viewers(hub, gate))
        group.create_task(_tell_freshness(hub, mirror))


async def _renew_viewers(hub: Hub, gate: Gate) -> None:
    while True:
        await asyncio.sleep(REMEMBERED.total_seconds())
        renewed: dict[str, Viewer | None] = {}
        for follower in list(hub.followers):
            token = follower.viewer.token
            try:
                if token not in renewed:
                    renewed[token] = await gate.renew(follower.viewer)
            except ApiError as error:
                log.warning("streams cannot be renewed; they go on", error=str(error))
                break
            follower.renew(renewed[token])
        hub.wake()


async def _tell_freshness(hub: Hub, mirror: Mirror) -> None:
    """Boards say so themselves when nothing comes from here; only this process knows when nothing comes to it."""
    was_stale = False
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        is_stale = bool(mirror.problem)
        if is_stale and not was_stale:
            hub.notify("stale", "the Kubernetes API server cannot be followed just now: this may be behind")
        elif was_stale and not is_stale:
            hub.notify("fresh", "the Kubernetes API server is followed again")
        was_stale = is_stale
