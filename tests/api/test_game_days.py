"""Game days as the API shows them: with their scores, and without what counts as the right answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest_asyncio

from incident_api.board.gamedays import game_day_view
from incident_crds.client import ApiClient
from incident_crds.gameday import GameDay

from ..conftest import ApiProcess, Stack
from ..crds.conftest import service_account
from ..crds.manifests import EXPERIMENT, SUSPENDED, good
from .door import Door

DRILLS = [{"name": "redis", "experiment": EXPERIMENT, "acceptableActions": ["RedisEvictPrefix"], "repeats": 2}]
STATUS = {
    "phase": "Running",
    "scores": [
        {
            "drill": "redis",
            "run": 1,
            "experiment": "day-redis-1",
            "report": {"drill": "redis", "experiment": "day-redis-1", "grade": {"detected": True, "passed": True}},
        },
        {"drill": "redis", "run": 2, "experiment": "day-redis-2"},
    ],
    "passed": 1,
    "startedAt": "2026-01-01T12:00:00Z",
    "conditions": [
        {
            "type": "Finished",
            "status": "False",
            "reason": "DrillRuns",
            "message": "run 2 of redis",
            "lastTransitionTime": "2026-01-01T12:00:00Z",
        }
    ],
}


@pytest_asyncio.fixture
async def days(admin: ApiClient) -> AsyncIterator[list[str]]:
    """Two that nobody runs, by name, as they were made."""
    made = [
        await admin.create(GameDay.parse(good("GameDay", name, drills=DRILLS, **SUSPENDED)))
        for name in ("first-day", "second-day")
    ]
    yield [day.metadata.name for day in made]
    for day in made:
        await admin.delete(GameDay, *day.key)


async def test_they_are_shown_without_the_answer_key(days: list[str], viewer_door: Door) -> None:
    answer = await viewer_door.get("/game-days")
    assert answer.status == 200
    assert b"cceptable" not in answer.body
    assert b"RedisEvictPrefix" not in answer.body
    shown = {day["name"]: day for day in answer.json}
    assert set(days) <= set(shown)
    times = [day["created_at"] for day in answer.json]
    assert times == sorted(times, reverse=True)
    day = shown["second-day"]
    assert set(day["drills"][0]) == {"name", "fault", "repeats"}
    assert (day["drills"][0]["fault"]["type"], day["drills"][0]["repeats"]) == ("RedisMemory", 2)
    assert (day["status"], day["reason"], day["suspended"], day["scores"]) == ("pending", "", True, [])
    assert (await viewer_door.get("/game-days?namespace=default")).json == []


async def test_who_has_the_role_in_a_namespace_sees_those_of_it(
    days: list[str], running: ApiProcess, stack: Stack, admin: ApiClient
) -> None:
    async with (
        service_account(stack, admin, "day-tenant", "incidentsim-viewer") as client,
        Door(running.url, client._config.current_token()) as tenant,
    ):
        assert set(days) <= {day["name"] for day in (await tenant.get("/game-days")).json}
        refused = await tenant.get("/game-days?namespace=default")
        assert refused.code == "forbidden"
        assert 'cannot list resource "gamedays"' in refused.json["detail"]


def test_the_scoreboard() -> None:
    view = game_day_view(GameDay.parse(good("GameDay", drills=DRILLS) | {"status": STATUS}))
    assert (view.status, view.reason, view.message) == ("running", "DrillRuns", "run 2 of redis")
    assert (view.passed, view.failed, view.finished_at) == (1, 0, None)
    assert view.started_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
    first, second = view.scores
    assert (first.drill, first.run, first.experiment) == ("redis", 1, "day-redis-1")
    assert first.report is not None
    assert first.report.grade.passed
    assert second.report is None
