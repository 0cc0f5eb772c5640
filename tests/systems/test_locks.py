"""Pile-ups behind a lock: who is at their head, who is ended, and what is left when the holder's process dies."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import LiteralString

import pytest

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.faults import postgres_lock
from incident_operator.faults.registry import build_faults
from incident_operator.probes.evidence import gather_evidence
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import Refused
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.postgres_link import PostgresConnection
from tests.systems.test_faults import _INJECTOR as INJECTOR
from tests.waiting import eventually

HASH = "dead0000beef"  # the one of the injector
LOCK = FaultSpec.model_validate({"type": "PostgresLock", "postgresLock": {"waiters": 12}})
LIFETIME = timedelta(seconds=60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_pile_up_ends_with_its_holder_s_process(
    postgres_target: PostgresTarget, number: signal.Signals
) -> None:
    """Killed: the holder's socket ends its transaction at once, and each waiter gets the lock and finds nobody there.

    Frozen: the sockets stay open, and the server's own timers end the sessions.
    """
    fault = build_faults()[FaultType.POSTGRES_LOCK]
    undo = fault.undo_record(HASH, LOCK, HealthPolicy())
    lifetime = 600 if number is signal.SIGKILL else 2
    spec = LOCK.model_dump_json(by_alias=True, exclude_none=True)
    arguments = (FaultType.POSTGRES_LOCK, postgres_target.access.endpoint, spec, str(lifetime))
    injector = await asyncio.create_subprocess_exec(
        sys.executable, "-c", INJECTOR, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert injector.stdout is not None
    assert await injector.stdout.readline() == b"injected\n"
    injector.send_signal(number)
    try:
        query: LiteralString = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"

        async def is_gone() -> bool:
            return await postgres_target.fetch_value(query, (undo.tag,)) == 0

        await eventually(is_gone, "the end of all its sessions", 10)
    finally:
        if number is not signal.SIGKILL:
            injector.kill()
        await injector.wait()
        await fault.recover(postgres_target, undo)


class Crowd:
    """Sessions that take locks in transactions which they leave open, each in a task of its own."""

    def __init__(self, postgres: PostgresTarget, stack: AsyncExitStack) -> None:
        self._postgres = postgres
        self._stack = stack
        self.done: dict[str, asyncio.Task[None]] = {}

    async def join(self, name: str, *keys: int) -> None:
        session = await self._postgres.new_session(
            name, ordinary=name != OPERATOR_NAME, settings={"statement_timeout": "60000"}
        )
        self._stack.push_async_callback(session.close)
        self.done[name] = asyncio.create_task(self._take(session, keys))
        self._stack.push_async_callback(asyncio.wait, [self.done[name]])
        self._stack.callback(self.done[name].cancel)

    async def _take(self, session: PostgresConnection, keys: tuple[int, ...]) -> None:
        await session.execute("BEGIN")
        for key in keys:
            await session.execute("SELECT pg_advisory_xact_lock(%s)", (key,))

    async def waits(self, name: str) -> None:
        query: LiteralString = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
        )

        async def look() -> bool:
            return await self._postgres.fetch_value(query, (name,)) == 1

        await eventually(look, f"{name} waiting")


async def test_only_who_is_at_the_head_of_a_queue_is_ended_and_then_who_gets_stuck_there(
    postgres_target: PostgresTarget,
) -> None:
    remedy = REMEDIES[ActionType.POSTGRES_TERMINATE_BLOCKERS]
    params = ActionParams(min_blocked_seconds=0)
    async with AsyncExitStack() as stack:
        crowd = Crowd(postgres_target, stack)
        await crowd.join("head", 1)
        await crowd.join(OPERATOR_NAME, 9)
        await asyncio.wait(crowd.done.values())
        await crowd.join("next", 2, 1)
        await crowd.waits("next")
        await crowd.join("last", 2)
        await crowd.waits("last")
        await crowd.join("behind-us", 9)
        await crowd.waits("behind-us")

        evidence = await gather_evidence(postgres_target, "db", [])
        assert [(b.application_name, b.state, b.blocked) for b in evidence.blockers] == [
            ("head", "idle in transaction", 2)
        ]
        assert evidence.facts["blocked_sessions"] == 3
        waits = {s.application_name: s.waits_for for s in evidence.statements}
        assert waits == {"head": "", "next": "head", "last": "next", "behind-us": OPERATOR_NAME}
        before = await remedy.observe(postgres_target, params)
        assert (before["blockedSessions"], before["blockers"], before["applications"]) == (3, 1, "'head'")
        others = ActionParams(application_name="next", min_blocked_seconds=0)
        assert "ended 0" in await remedy.execute(postgres_target, others), "it is not at the head"
        patient = ActionParams(min_blocked_seconds=3600)
        assert (await remedy.observe(postgres_target, patient))["blockers"] == 0

        assert "ended 2" in await remedy.execute(postgres_target, params), "next gets the lock, and is stuck with it"
        after = await remedy.observe(postgres_target, params)
        assert remedy.effect(before, after) is None
        assert (after["blockedSessions"], after["blockers"]) == (1, 0), "who waits for the operator waits on"
        await asyncio.wait_for(crowd.done["last"], 5)
        assert "nothing was done" in str(remedy.effect(after, after))
        assert "nothing is proven" in str(remedy.effect({}, after))
        assert await postgres_target.count_sessions("head") + await postgres_target.count_sessions("next") == 0
    with pytest.raises(Refused, match="the operator itself"):
        await remedy.execute(postgres_target, ActionParams(application_name=OPERATOR_NAME))


async def test_as_many_wait_as_the_signal_needs_and_no_more_than_there_is_room_for(
    postgres_target: PostgresTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_lock, "_IDLE_AFTER", LIFETIME)  # who has waited is not left to the server
    fault = build_faults()[FaultType.POSTGRES_LOCK]
    default = FaultSpec.model_validate({"type": "PostgresLock", "postgresLock": {}})
    many = FaultSpec.model_validate({"type": "PostgresLock", "postgresLock": {"waiters": 60}})
    undo = fault.undo_record(HASH, default, HealthPolicy())
    async with AsyncExitStack() as stack:
        for _ in range(5):
            stack.push_async_callback((await postgres_target.new_session("web", ordinary=True)).close)
        try:
            await fault.inject(postgres_target, default, undo, LIFETIME)
            assert await fault.residue(postgres_target, undo) == 1 + 18, "of 24 sessions 18 wait: a quarter is healthy"
            params = ActionParams(application_name=undo.tag, min_blocked_seconds=0)
            await REMEDIES[ActionType.POSTGRES_TERMINATE_BLOCKERS].execute(postgres_target, params)

            async def has_gone() -> bool:
                return await fault.residue(postgres_target, undo) == 0

            await eventually(has_gone, "the end of those who waited", 10)
            for _ in range(15):
                stack.push_async_callback((await postgres_target.new_session("web", ordinary=True)).close)
            with pytest.raises(Refused, match=r"set waiters to 19 or fewer"):
                await fault.inject(postgres_target, many, undo, LIFETIME)
            assert await fault.residue(postgres_target, undo) == 0
            low = fault.undo_record(HASH, default, HealthPolicy(threshold_percent=20))
            with pytest.raises(Refused, match="beside 20 others leave the health of locks at 52 %"):
                await fault.inject(postgres_target, default, low, LIFETIME)
        finally:
            await fault.recover(postgres_target, undo)
