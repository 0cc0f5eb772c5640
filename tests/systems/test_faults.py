"""Every fault against its real server: it moves its signal, and nothing of it stays, however it was cut off."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.catalogue import FaultType, SignalName
from incident_crds.chaosexperiment import UndoRecord
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.base import Fault
from incident_operator.faults.registry import FAULT_CLASSES, build_faults
from incident_operator.probes.registry import PROBES, measure_all
from incident_operator.targets import Target
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget
from tests.systems.stepping import Stepper, run
from tests.waiting import eventually

POLICY = HealthPolicy(timeout_seconds=3)
LIFETIME = timedelta(seconds=60)
HASH = "0123456789ab"
BLOCKS: dict[FaultType, tuple[str, dict[str, Any]]] = {
    FaultType.REDIS_MEMORY: ("redis_target", {"redisMemory": {}}),
    FaultType.REDIS_CONNECTIONS: ("redis_target", {"redisConnections": {}}),
    FaultType.REDIS_LATENCY: ("redis_target", {"redisLatency": {}}),
    FaultType.POSTGRES_CONNECTIONS: ("postgres_target", {"postgresConnections": {}}),
    FaultType.POSTGRES_BLOAT: ("postgres_target", {"postgresBloat": {"rows": 5000}}),
    FaultType.POSTGRES_LOCK: ("postgres_target", {"postgresLock": {}}),
    FaultType.DISK_FILL: ("disk_target", {"diskFill": {}}),
}

SOCKETS = {
    FaultType.REDIS_CONNECTIONS,
    FaultType.REDIS_LATENCY,
    FaultType.POSTGRES_CONNECTIONS,
    FaultType.POSTGRES_LOCK,
}
"""They end with their holder, sooner than the lifetime."""


@dataclass
class Case:
    """A fault with all that its methods take."""

    fault: Fault
    target: Target
    spec: FaultSpec
    undo: UndoRecord

    async def inject(self, lifetime: timedelta = LIFETIME) -> None:
        await self.fault.inject(self.target, self.spec, self.undo, lifetime)

    async def recover(self) -> None:
        await self.fault.recover(self.target, self.undo)

    async def residue(self) -> int:
        return await self.fault.residue(self.target, self.undo)

    async def health(self) -> dict[SignalName, int | None]:
        reachable, signals = await measure_all(self.target, POLICY)
        assert reachable, signals
        return {s.name: s.health for s in signals}

    async def harmed(self) -> dict[SignalName, int | None]:
        """All health once the fault's signal is below its threshold: a canary may slip through a busy server."""
        signal = self.fault.signal
        assert signal is not None

        async def look() -> dict[SignalName, int | None] | None:
            health = await self.health()
            moved = health[signal]
            return health if moved is not None and moved < POLICY.threshold_percent else None

        return await eventually(look, f"harm to {signal}", 10)

    async def moved(self) -> int | None:
        assert self.fault.signal is not None
        return (await self.health())[self.fault.signal]


def make_spec(type: FaultType, **block: Any) -> FaultSpec:
    return FaultSpec.model_validate({"type": type, **block})


@pytest.fixture(params=sorted(BLOCKS))
def fresh_case(request: pytest.FixtureRequest) -> Case:
    type = FaultType(request.param)
    fixture, block = BLOCKS[type]
    fault, spec = build_faults()[type], make_spec(type, **block)
    return Case(fault, request.getfixturevalue(fixture), spec, fault.undo_record(HASH, spec, HealthPolicy()))


@pytest_asyncio.fixture
async def case(fresh_case: Case) -> AsyncIterator[Case]:
    yield fresh_case
    await fresh_case.recover()


def test_every_type_has_one_class() -> None:
    assert set(FAULT_CLASSES) == set(FaultType)
    assert all(fault.dead_man.endswith(".") for fault in build_faults().values())
    assert build_faults()[FaultType.REDIS_MEMORY] is not build_faults()[FaultType.REDIS_MEMORY]


def test_tags_look_like_ordinary_workload() -> None:
    tags = {
        type: build_faults()[type].undo_record(HASH, make_spec(type, **block), HealthPolicy()).tag
        for type, (_, block) in BLOCKS.items()
    }
    assert tags == {
        FaultType.REDIS_MEMORY: f"session:{HASH}:",
        FaultType.REDIS_CONNECTIONS: f"worker-{HASH}",
        FaultType.REDIS_LATENCY: f"report-{HASH}",
        FaultType.POSTGRES_CONNECTIONS: f"worker-{HASH}",
        FaultType.POSTGRES_BLOAT: f"events_{HASH}",
        FaultType.POSTGRES_LOCK: f"worker-{HASH}",
        FaultType.DISK_FILL: f"app-{HASH}.log",
    }


async def test_inject_moves_its_signal_and_recover_leaves_nothing(case: Case) -> None:
    ordinary = await case.target.count_ordinary()
    assert await case.residue() == 0
    await case.inject()
    health = await case.harmed()
    assert health[SignalName.CANARY] == 100
    assert await case.residue() > 0
    await case.recover()
    assert await case.residue() == 0
    assert (await case.moved() or 0) > 90
    assert await case.target.count_ordinary() == ordinary


async def test_inject_and_recover_can_be_repeated(case: Case) -> None:
    await case.recover()
    await case.inject()
    first = await case.harmed()
    await case.inject()
    again = await case.harmed()
    if case.fault.type is not FaultType.REDIS_LATENCY:  # where a canary falls between two scripts is chance
        # a session more or less of somebody else's is much to a queue of six
        most = 10 if case.fault.type is FaultType.POSTGRES_LOCK else 3
        assert all(abs((again[name] or 0) - (health or 0)) <= most for name, health in first.items()), (first, again)
    await case.recover()
    await case.recover()
    assert await case.residue() == 0


async def test_recover_after_any_prefix_of_inject(case: Case) -> None:
    whole = Stepper(case.inject())
    await whole
    await case.recover()
    assert whole.steps >= 3
    cuts = sorted({*range(1, 8), *range(8, whole.steps, max(1, whole.steps // 12)), whole.steps})
    for cut in cuts:
        task = asyncio.ensure_future(run(Stepper(case.inject(), cancel_at=cut)))
        await asyncio.wait({task})
        await case.recover()
        assert await case.residue() == 0, f"cut at await {cut} of {whole.steps}"
        # what was under way when it was cut off must not come after the recovery
        await case.target.canary()
        assert await case.residue() == 0, f"late, cut at await {cut} of {whole.steps}"
    assert (await case.moved() or 0) > 90


async def test_recover_by_another_process_than_the_injector(case: Case) -> None:
    await case.inject()
    stranger = build_faults()[case.fault.type]
    await stranger.recover(case.target, case.undo)
    assert await stranger.residue(case.target, case.undo) == 0


async def test_the_dead_man_ends_it_without_the_injector(fresh_case: Case) -> None:
    """The injecting process is killed with SIGKILL; nobody calls recover."""
    case, type = fresh_case, fresh_case.fault.type
    case.undo = case.fault.undo_record("dead0000beef", case.spec, HealthPolicy())
    lifetime = 3.0
    injector = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _INJECTOR,
        type,
        case.target.access.endpoint,
        case.spec.model_dump_json(by_alias=True, exclude_none=True),
        str(lifetime),
        stdout=asyncio.subprocess.PIPE,
    )
    assert injector.stdout is not None
    assert await injector.stdout.readline() == b"injected\n"
    assert await case.residue() > 0
    injector.send_signal(signal.SIGKILL)
    await injector.wait()
    if type not in SOCKETS:
        assert await case.residue() > 0
    await eventually(lambda: is_gone(case), "the end of the fault", lifetime + 30)
    assert (await case.moved() or 0) > 90


async def test_the_smallest_accepted_fill_of_connections_is_noticed(postgres_target: PostgresTarget) -> None:
    """The operator's own sessions count neither for the fill nor for the signal."""
    fault = build_faults()[FaultType.POSTGRES_CONNECTIONS]
    spec = make_spec(FaultType.POSTGRES_CONNECTIONS, postgresConnections={"fillPercent": 52})
    assert fault.parameters_error(spec, POLICY) is None
    undo = fault.undo_record(HASH, spec, HealthPolicy())
    case = Case(fault, postgres_target, spec, undo)
    own = [await postgres_target.new_session(OPERATOR_NAME) for _ in range(3)]
    await case.inject()
    try:
        assert (await case.moved() or 0) < POLICY.threshold_percent
    finally:
        await case.recover()
        for session in own:
            await session.close()


async def test_a_full_server_ends_the_fill_and_can_still_be_healed(postgres_target: PostgresTarget) -> None:
    fault = build_faults()[FaultType.POSTGRES_CONNECTIONS]
    spec = make_spec(FaultType.POSTGRES_CONNECTIONS, postgresConnections={"fillPercent": 100})
    undo = fault.undo_record(HASH, spec, HealthPolicy())
    await postgres_target.open()
    await fault.inject(postgres_target, spec, undo, LIFETIME)
    try:
        case = Case(fault, postgres_target, spec, undo)
        health = await case.health()
        assert health[SignalName.CONNECTIONS] == 0
        assert health[SignalName.CANARY] == 0
    finally:
        await fault.recover(postgres_target, undo)
    assert (await case.health())[SignalName.CANARY] == 100


@pytest.mark.parametrize(
    ("type", "block", "threshold", "words"),
    [
        (FaultType.REDIS_MEMORY, {"redisMemory": {"fillPercent": 50}}, 50, "set it to 51 or more"),
        (FaultType.REDIS_MEMORY, {"redisMemory": {"fillPercent": 51}}, 50, None),
        (FaultType.REDIS_MEMORY, {"redisMemory": {"fillPercent": 80}}, 20, "set it to 81 or more"),
        (FaultType.DISK_FILL, {"diskFill": {"fillPercent": 10}}, 50, "90 %"),
        (FaultType.DISK_FILL, {"diskFill": {}}, 50, None),
        (FaultType.POSTGRES_CONNECTIONS, {"postgresConnections": {"fillPercent": 50}}, 50, "51 or more"),
        (FaultType.POSTGRES_CONNECTIONS, {"postgresConnections": {"fillPercent": 51}}, 50, None),
        (FaultType.POSTGRES_BLOAT, {"postgresBloat": {"deadPercent": 50}}, 50, "51 or more"),
        (FaultType.POSTGRES_BLOAT, {"postgresBloat": {"deadPercent": 30, "rows": 2000}}, 80, "set rows to 3334"),
        (FaultType.POSTGRES_BLOAT, {"postgresBloat": {}}, 50, None),
        (FaultType.POSTGRES_LOCK, {"postgresLock": {"waiters": 3}}, 25, "at 25 %"),
        (FaultType.POSTGRES_LOCK, {"postgresLock": {"waiters": 2}}, 50, None),
        (FaultType.POSTGRES_LOCK, {"postgresLock": {}}, 5, None),
        (FaultType.NETWORK_LATENCY, {"networkLatency": {"delayMilliseconds": 229}}, 50, "to 230 or more"),
        (FaultType.NETWORK_LATENCY, {"networkLatency": {"delayMilliseconds": 230}}, 50, None),
        (FaultType.NETWORK_LATENCY, {"networkLatency": {}}, 50, None),
        (FaultType.NONE, {}, 50, None),
    ],
)
def test_parameters_that_nobody_would_notice(
    type: FaultType, block: dict[str, Any], threshold: int, words: str | None
) -> None:
    error = build_faults()[type].parameters_error(make_spec(type, **block), HealthPolicy(threshold_percent=threshold))
    assert (error is None) == (words is None)
    assert words is None or words in (error or "")


async def test_the_control_touches_nothing(redis_target: RedisTarget) -> None:
    fault, spec = build_faults()[FaultType.NONE], make_spec(FaultType.NONE)
    undo = fault.undo_record(HASH, spec, HealthPolicy())
    before = await redis_target.call("DBSIZE")
    await fault.inject(redis_target, spec, undo, LIFETIME)
    await fault.recover(redis_target, undo)
    assert await fault.residue(redis_target, undo) == 0
    assert await redis_target.call("DBSIZE") == before
    assert fault.signal not in PROBES


_INJECTOR = """
import asyncio, sys
from datetime import timedelta
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults.registry import build_faults
from incident_operator.targets import open_target
from tests.systems.servers import access_to

async def main(type, endpoint, spec, lifetime):
    fault = build_faults()[type]
    target = open_target({"redis": "Redis", "postgresql": "Postgres", "http": "Disk"}[endpoint.partition(":")[0]],
                         access_to(endpoint))
    spec = FaultSpec.model_validate_json(spec)
    undo = fault.undo_record("dead0000beef", spec, HealthPolicy())
    await fault.inject(target, spec, undo, timedelta(seconds=float(lifetime)))
    print("injected", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def is_gone(case: Case) -> bool:
    return await case.residue() == 0
