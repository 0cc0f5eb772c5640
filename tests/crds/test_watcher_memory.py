"""A watcher does not hold what its reader never looks at."""

from __future__ import annotations

from typing import Any

from incident_crds.client import ApiClient, ApiConfig

from ..waiting import eventually
from .follower import Follower
from .scripted import ScriptedServer, Stream, event, incident, listed

AT = "2026-01-31T12:00:00Z"
FULL: dict[str, Any] = {
    "status": {
        "number": "INC-0001",
        "timeline": [{"at": AT, "actor": "operator", "type": "Moved"}],
        "evidence": {"system": "redis-test", "thresholdPercent": 50, "collectedAt": AT},
        "timestamps": {"breachedAt": AT, "detectedAt": AT},
    }
}
LEFT_OUT = ("status.evidence", "status.timeline", "status.timestamps.breachedAt", "status.number.x", "metadata.none")


async def test_what_is_left_out_is_not_held_and_all_else_is() -> None:
    async with ScriptedServer().serve() as server, ApiClient(ApiConfig(server.url)) as client:
        server.answers.append(listed(incident("full", 1) | FULL, incident("bare", 1), version=1))
        changes = [("ADDED", incident("later", 2) | {"status": {}}), ("MODIFIED", incident("full", 3) | FULL)]
        server.watches.append(Stream([event(*change) for change in changes], "hang"))
        follower = Follower(client, leave_out=LEFT_OUT)
        async with follower.running() as watcher:
            await watcher.wait_synced()
            listed_one = watcher.objects["drills", "full"]

            async def is_told() -> bool:
                return follower.told == ["ADDED full 1", "ADDED bare 1", "ADDED later 2", "MODIFIED full 3"]

            await eventually(is_told, "all four changes", 20)
            watched_one = watcher.objects["drills", "full"]
    for found in (listed_one, watched_one):
        assert (found.status.evidence, found.status.timeline) == (None, [])
        assert found.status.timestamps.breached_at is None
        assert found.status.timestamps.detected_at is not None
        assert found.status.number == "INC-0001"
        assert found.spec.title.startswith("full at ")
