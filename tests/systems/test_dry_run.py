"""A dry run reads a real server, and leaves it as it was. Nobody else writes to these servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from incident_crds.catalogue import FaultType
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.targets import Refused, Target
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget

from .servers import DISK_CAPACITY, MAX_CONNECTIONS, MAXMEMORY, Server


async def seen(target: Target, agent: Server) -> object:
    """What any write would change: Redis counts changes, Postgres gives numbers to transactions that write."""
    match target:
        case RedisTarget():
            info = await target.info("persistence")
            return info["rdb_changes_since_last_save"], await target.call("DBSIZE")
        case PostgresTarget():
            numbers = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
            return await target.fetch_value(numbers), await target.fetch_value("SELECT count(*) FROM pg_class")
        case DiskTarget():
            files = sorted(path for path in (agent.folder / "root").rglob("*") if path.is_file())
            return [(path, _touched(path)) for path in files]
    raise AssertionError(type(target))


def _touched(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


CASES: dict[FaultType, tuple[str, dict[str, Any], str]] = {
    FaultType.REDIS_MEMORY: ("redis_target", {"redisMemory": {}}, f"to {MAXMEMORY * 90 // 100} bytes"),
    FaultType.REDIS_CONNECTIONS: ("redis_target", {"redisConnections": {}}, "connections would be opened, up to 90 %"),
    FaultType.REDIS_LATENCY: ("redis_target", {"redisLatency": {}}, "ms now, would take up to"),
    FaultType.POSTGRES_CONNECTIONS: ("postgres_target", {"postgresConnections": {}}, f"to 45, of {MAX_CONNECTIONS}"),
    FaultType.POSTGRES_BLOAT: ("postgres_target", {"postgresBloat": {"rows": 5000}}, "5000 rows, 4500 of them dead"),
    FaultType.POSTGRES_LOCK: ("postgres_target", {"postgresLock": {}}, "sessions would wait behind one"),
    FaultType.DISK_FILL: ("disk_target", {"diskFill": {}}, f"to {DISK_CAPACITY * 90 // 100} bytes"),
    FaultType.NONE: ("redis_target", {}, "nothing"),
}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> tuple[FaultType, Target]:
    kind = FaultType(request.param)
    return kind, request.getfixturevalue(CASES[kind][0])


async def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    case: tuple[FaultType, Target], agent: Server
) -> None:
    kind, target = case
    _, block, says = CASES[kind]
    spec = FaultSpec.model_validate({"type": kind, **block})
    await target.open()
    before = await seen(target, agent)
    assert await target.count_ordinary() > 0
    fault = build_faults()[kind]
    assert says in await fault.rehearse(target, spec, fault.undo_record("0123456789ab", spec, HealthPolicy()))
    assert await seen(target, agent) == before
    await target.canary()  # so that what is compared is known to tell of a write
    assert await seen(target, agent) != before or kind is FaultType.DISK_FILL  # whose canary removes its file again


async def test_a_dry_run_refuses_what_the_injection_would(redis_target: RedisTarget) -> None:
    spec = FaultSpec.model_validate({"type": "RedisMemory", "redisMemory": {}})
    await redis_target.call("CONFIG", "SET", "maxmemory", "0")
    try:
        with pytest.raises(Refused, match="has no maxmemory"):
            await build_faults()[FaultType.REDIS_MEMORY].rehearse(redis_target, spec, UndoRecord(tag="session:x:"))
    finally:
        await redis_target.call("CONFIG", "SET", "maxmemory", str(MAXMEMORY))
