"""Game days: suites of drills with a scoreboard. They are few and change slowly: read when asked for, not followed."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from incident_api.access.gate import Viewer
from incident_api.board.gamedays import GameDayView, game_day_view
from incident_api.cluster.reviews import Permission
from incident_api.problems import Problem, busy
from incident_api.routes.dependencies import EVERYWHERE, Namespace, Parts, PartsDep, ViewerDep
from incident_api.routes.incidents import READ_SECONDS
from incident_crds.base import ObjectMeta
from incident_crds.gameday import GameDay

router = APIRouter(tags=["game days"], responses=EVERYWHERE)


@router.get("/game-days")
async def list_game_days(parts: PartsDep, viewer: ViewerDep, namespace: Namespace = None) -> list[GameDayView]:
    """Every game day that you may see, newest first, read from the cluster with your own rights."""
    places = [namespace] if namespace else await _places(parts, viewer)
    client = parts.actors.acting_as(viewer.token)
    try:
        async with asyncio.timeout(READ_SECONDS):
            lists = await asyncio.gather(*(client.list_all(GameDay, place) for place in places))
    except TimeoutError:
        raise busy("cluster-unavailable", "the Kubernetes API server does not answer", 2) from None
    found = sorted((day for days in lists for day in days), key=lambda day: _age(day.metadata), reverse=True)
    return [game_day_view(day) for day in found]


async def _places(parts: Parts, viewer: Viewer) -> list[str | None]:
    """None for all namespaces at once, else those where the person may list them. Raises Problem for none."""
    plural = GameDay.info.plural
    if await parts.reviews.may(viewer.identity, Permission("list", plural)):
        return [None]
    known = sorted({parts.settings.namespace, *parts.mirror.namespaces()})
    answers = await asyncio.gather(*(parts.reviews.may(viewer.identity, Permission("list", plural, n)) for n in known))
    allowed: list[str | None] = [place for place, yes in zip(known, answers, strict=True) if yes]
    if not allowed:
        raise Problem("forbidden", f"you may not list {plural}: ask for the role incidentsim-viewer")
    return allowed


def _age(metadata: ObjectMeta) -> tuple[str, str]:
    created = metadata.creation_timestamp
    return (created.isoformat() if created else "", metadata.uid)
