"""Every remedy heals its fault on the real server, proves it, and leaves the ordinary data alone."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType, SystemType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.probes.registry import measure_all
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import AccessDenied, Control, Refused, Target, Unreachable, open_target
from incident_operator.targets.disk import DiskTarget
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget
from tests.systems.servers import Server, access_to, agent_server, free_port, server_folder

HASH = "fedcba987654"
LIFETIME = timedelta(seconds=60)
HEALS: dict[FaultType, tuple[str, dict[str, Any], ActionType, ActionParams]] = {
    FaultType.REDIS_MEMORY: (
        "redis_target",
        {"redisMemory": {}},
        ActionType.REDIS_EVICT_PREFIX,
        ActionParams(prefix=f"session:{HASH}:"),
    ),
    FaultType.REDIS_CONNECTIONS: (
        "redis_target",
        {"redisConnections": {}},
        ActionType.REDIS_KILL_CLIENTS,
        ActionParams(client_name=f"worker-{HASH}"),
    ),
    FaultType.REDIS_LATENCY: (
        "redis_target",
        {"redisLatency": {}},
        ActionType.REDIS_KILL_CLIENTS,
        ActionParams(client_name=f"report-{HASH}"),
    ),
    FaultType.POSTGRES_CONNECTIONS: (
        "postgres_target",
        {"postgresConnections": {}},
        ActionType.POSTGRES_TERMINATE_IDLE,
        ActionParams(application_name=f"worker-{HASH}", idle_seconds=0),
    ),
    FaultType.POSTGRES_BLOAT: (
        "postgres_target",
        {"postgresBloat": {}},
        ActionType.POSTGRES_VACUUM,
        ActionParams(table=f"events_{HASH}"),
    ),
    FaultType.POSTGRES_LOCK: (
        "postgres_target",
        {"postgresLock": {}},
        ActionType.POSTGRES_TERMINATE_BLOCKERS,
        ActionParams(application_name=f"worker-{HASH}", min_blocked_seconds=0),
    ),
    FaultType.DISK_FILL: (
        "disk_target",
        {"diskFill": {}},
        ActionType.DISK_CLEANUP,
        ActionParams(files=[f"app-{HASH}.log"]),
    ),
}


@pytest.fixture(params=sorted(HEALS))
def broken_type(request: pytest.FixtureRequest) -> FaultType:
    return FaultType(request.param)


@pytest.fixture
def broken_target(broken_type: FaultType, request: pytest.FixtureRequest) -> Target:
    target: Target = request.getfixturevalue(HEALS[broken_type][0])
    return target


def test_every_type_has_one_remedy() -> None:
    assert set(REMEDIES) == set(ActionType)


async def test_a_remedy_heals_its_fault(broken_type: FaultType, broken_target: Target) -> None:
    _, block, action, params = HEALS[broken_type]
    fault, remedy = build_faults()[broken_type], REMEDIES[action]
    spec = FaultSpec.model_validate({"type": broken_type, **block})
    undo = fault.undo_record(HASH, spec, HealthPolicy())
    ordinary = await broken_target.count_ordinary()
    await fault.inject(broken_target, spec, undo, LIFETIME)
    try:
        before = await remedy.observe(broken_target, params)
        assert remedy.effect(before, before) is not None
        done = await remedy.execute(broken_target, params)
        after = await remedy.observe(broken_target, params)
        assert remedy.effect(before, after) is None, (before, done, after)
        assert remedy.effect({}, after) is not None, "no evidence means not done"
        reachable, signals = await measure_all(broken_target, HealthPolicy())
        assert reachable
        assert all(s.health is not None and s.health > 80 for s in signals), signals
        assert await broken_target.count_ordinary() == ordinary
        await remedy.execute(broken_target, params)
    finally:
        await fault.recover(broken_target, undo)
    assert await fault.residue(broken_target, undo) == 0


async def test_a_remedy_for_what_is_not_there_proves_nothing(broken_type: FaultType, broken_target: Target) -> None:
    _, _, action, params = HEALS[broken_type]
    remedy = REMEDIES[action]
    before = await remedy.observe(broken_target, params)
    assert remedy.effect(before, await remedy.observe(broken_target, params)) is not None


WITHOUT_PARAMETERS = {
    ActionType.REDIS_CLEAR_CACHE,
    ActionType.POSTGRES_TERMINATE_BLOCKERS,
    ActionType.RESTART_SYSTEM,
    ActionType.REMOVE_LATENCY,
}


@pytest.mark.parametrize("action", sorted(set(ActionType) - WITHOUT_PARAMETERS))
async def test_missing_parameters_are_refused(
    action: ActionType, redis_target: RedisTarget, postgres_target: PostgresTarget, disk_target: DiskTarget
) -> None:
    targets: dict[SystemType | None, Target] = {t.type: t for t in (redis_target, postgres_target, disk_target)}
    remedy = REMEDIES[action]
    with pytest.raises(Refused, match=r"needs params\."):
        await remedy.execute(targets[remedy.system_type], ActionParams())


async def test_clearing_the_cache_is_collateral(redis_target: RedisTarget) -> None:
    remedy, params = REMEDIES[ActionType.REDIS_CLEAR_CACHE], ActionParams()
    before = await remedy.observe(redis_target, params)
    await remedy.execute(redis_target, params)
    assert remedy.effect(before, await remedy.observe(redis_target, params)) is None
    assert await redis_target.count_ordinary() == 0
    await redis_target.seed()


@pytest.mark.parametrize("prefix", ["us*r:", "user?", "[tu]ser:", "user\\", "***", "^user", "u\nser:", "é::"])
async def test_a_hostile_prefix_takes_only_its_own_keys(redis_target: RedisTarget, prefix: str) -> None:
    remedy, params = REMEDIES[ActionType.REDIS_EVICT_PREFIX], ActionParams(prefix=prefix)
    await redis_target.call_many([("SET", f"{prefix}{n}", "x", "PX", 60000) for n in range(30)])
    before = await remedy.observe(redis_target, params)
    assert before["matchingKeys"] == 30
    await remedy.execute(redis_target, params)
    assert remedy.effect(before, await remedy.observe(redis_target, params)) is None
    assert await redis_target.count_ordinary() == 500


async def test_a_short_prefix_is_refused(redis_target: RedisTarget) -> None:
    with pytest.raises(Refused, match="too short"):
        await REMEDIES[ActionType.REDIS_EVICT_PREFIX].execute(redis_target, ActionParams.model_construct(prefix="us"))
    assert await redis_target.count_ordinary() == 500


async def test_busy_sessions_and_ours_are_never_ended(postgres_target: PostgresTarget) -> None:
    remedy = REMEDIES[ActionType.POSTGRES_TERMINATE_IDLE]
    with pytest.raises(Refused, match="the operator itself"):
        await remedy.execute(postgres_target, ActionParams(application_name="incidentsim-operator"))
    busy = await postgres_target.new_session("web'; DROP TABLE orders; --", ordinary=True)
    idle = await postgres_target.new_session("web'; DROP TABLE orders; --", ordinary=True)
    work = asyncio.ensure_future(postgres_target.run_on(busy, "SELECT pg_sleep(1)"))
    await postgres_target.wait_for_activity("web'; DROP TABLE orders; --")
    params = ActionParams(application_name="web'; DROP TABLE orders; --", idle_seconds=0)
    await remedy.execute(postgres_target, ActionParams(application_name=params.application_name, idle_seconds=3600))
    assert await postgres_target.count_sessions(str(params.application_name)) == 2, "none is idle for so long"
    assert "ended 1 idle" in await remedy.execute(postgres_target, params)
    await work
    assert await postgres_target.count_ordinary() == 2000
    await busy.close()
    await idle.close()


@pytest.mark.parametrize("table", ['x"; DROP TABLE orders; --', "Orders", "orders; DROP TABLE orders", "no.such"])
async def test_hostile_table_names_are_only_names(postgres_target: PostgresTarget, table: str) -> None:
    with pytest.raises(Refused, match="has no table"):
        await REMEDIES[ActionType.POSTGRES_VACUUM].execute(postgres_target, ActionParams.model_construct(table=table))
    assert await postgres_target.count_ordinary() == 2000


async def test_vacuum_waits_out_a_transaction_that_keeps_the_rows(postgres_target: PostgresTarget) -> None:
    fault, remedy = build_faults()[FaultType.POSTGRES_BLOAT], REMEDIES[ActionType.POSTGRES_VACUUM]
    spec = FaultSpec.model_validate({"type": "PostgresBloat", "postgresBloat": {"rows": 5000}})
    undo = fault.undo_record(HASH, spec, HealthPolicy())
    old = await postgres_target.new_session("old-report", ordinary=True)
    await postgres_target.run_on(old, "BEGIN ISOLATION LEVEL REPEATABLE READ")
    await postgres_target.run_on(old, "SELECT 1")
    await fault.inject(postgres_target, spec, undo, LIFETIME)
    try:
        params = ActionParams(table=undo.tag)
        before = await remedy.observe(postgres_target, params)
        work = asyncio.ensure_future(remedy.execute(postgres_target, params))
        await asyncio.wait({work}, timeout=0.6)
        assert not work.done(), "the open transaction still sees the rows"
        await old.close()
        await work
        assert remedy.effect(before, await remedy.observe(postgres_target, params)) is None
    finally:
        await old.close()
        await fault.recover(postgres_target, undo)


async def test_vacuum_brings_lost_statistics_back(postgres_target: PostgresTarget) -> None:
    remedy, params = REMEDIES[ActionType.POSTGRES_VACUUM], ActionParams(table="orders")
    await postgres_target.execute("SELECT pg_stat_reset()")
    before = await remedy.observe(postgres_target, params)
    assert before["statisticsLost"] is True
    assert remedy.effect(before, before) == "the server still does not know what is in it"
    await remedy.execute(postgres_target, params)
    after = await remedy.observe(postgres_target, params)
    assert after["statisticsLost"] is False
    assert remedy.effect(before, after) is None


@pytest.mark.parametrize("path", ["../token", "/etc/hostname", "data/../../token", ".incidentsim/x", "link", "link/a"])
async def test_cleanup_never_leaves_the_disk(disk_target: DiskTarget, agent: Server, path: str) -> None:
    root = agent.folder / "root"
    link = root / "link"
    link.symlink_to(agent.folder)
    (agent.folder / "a").write_text("outside")
    try:
        with pytest.raises(Refused):
            await REMEDIES[ActionType.DISK_CLEANUP].execute(disk_target, ActionParams(files=["data/orders.db", path]))
        assert (agent.folder / "token").exists()
        assert (agent.folder / "a").exists()
        assert await disk_target.count_ordinary() == 4, "all paths are checked before the first file goes"
    finally:
        link.unlink()


class ControlEndpoint:
    """The control endpoint's contract over an agent of its own."""

    def __init__(self, server: Server, *, honest: bool = True) -> None:
        self._server = server
        self._honest = honest

    async def restart(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer control":
            return web.Response(status=401)
        if self._honest:
            await asyncio.to_thread(self._server.end, signal.SIGTERM)
            await asyncio.to_thread(self._server.start)
        return web.json_response({"running": True})

    async def serve(self) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.router.add_post("/restart", self.restart)
        runner, port = web.AppRunner(app), free_port()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner, f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture
async def spare_agent() -> AsyncIterator[Server]:
    with server_folder("spare") as folder:
        server = agent_server(folder)
        server.start()
        yield server
        server.end(signal.SIGTERM)


def spare_target(server: Server, url: str, *, token: str) -> Target:
    access = access_to(f"http://127.0.0.1:{server.port}")
    return open_target(SystemType.DISK, dataclasses.replace(access, control=Control(url, token)))


async def test_restart_is_proven_by_another_identity(spare_agent: Server) -> None:
    runner, url = await ControlEndpoint(spare_agent).serve()
    target, remedy, params = (
        spare_target(spare_agent, url, token="control"),
        REMEDIES[ActionType.RESTART_SYSTEM],
        ActionParams(),
    )
    before = await remedy.observe(target, params)
    await remedy.execute(target, params)
    after = await remedy.observe(target, params)
    assert remedy.effect(before, after) is None
    assert "same process" in str(remedy.effect(after, after))
    spare_agent.end(signal.SIGKILL)
    down = await remedy.observe(target, params)
    assert "does not answer" in str(remedy.effect(after, down))
    spare_agent.start()
    assert remedy.effect(down, await remedy.observe(target, params)) is None
    await target.close()
    await runner.cleanup()


async def test_a_restart_that_only_says_so_is_not_one(spare_agent: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, url = await ControlEndpoint(spare_agent, honest=False).serve()
    target, remedy = spare_target(spare_agent, url, token="control"), REMEDIES[ActionType.RESTART_SYSTEM]
    monkeypatch.setattr("incident_operator.remedies.restart_system._LONGEST", timedelta(seconds=0.5))
    with pytest.raises(Unreachable, match="did not come back as another process"):
        await remedy.execute(target, ActionParams())
    await target.close()
    wrong = spare_target(spare_agent, url, token="nonsense")
    with pytest.raises(AccessDenied, match="refused the token") as denied:
        await wrong.control().restart()
    assert "nonsense" not in str(denied.value)
    await wrong.close()
    await runner.cleanup()
    with pytest.raises(Unreachable, match="control endpoint"):
        await wrong.control().restart()
