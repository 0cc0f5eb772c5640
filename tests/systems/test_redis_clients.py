"""Who is connected to a real Redis: what evidence tells of it, and who is disconnected."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType
from incident_operator.probes import evidence_redis
from incident_operator.probes.evidence import gather_evidence
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import Refused, TargetError
from incident_operator.targets.base import OPERATOR_NAME
from incident_operator.targets.redis import RedisTarget

REMEDY = REMEDIES[ActionType.REDIS_KILL_CLIENTS]


async def test_only_connections_of_exactly_that_name_are_ended(redis_target: RedisTarget) -> None:
    names = ["report"] * 3 + ["report-2", "Report"]
    links = [await redis_target.new_client(name) for name in names]
    params = ActionParams(client_name="report")
    try:
        before = await REMEDY.observe(redis_target, params)
        assert (before["matchingClients"], before["connectedClients"]) == (3, 6)
        assert await REMEDY.execute(redis_target, params) == "ended 3 connections named 'report'"
        after = await REMEDY.observe(redis_target, params)
        assert (after["matchingClients"], after["connectedClients"]) == (0, 3)
        assert REMEDY.effect(before, after) is None
        assert "there were no" in str(REMEDY.effect(after, after))
        assert [await link.call("PING") for link in links[3:]] == [b"PONG", b"PONG"]
        with pytest.raises(TargetError):
            await links[0].call("PING")
        # an application that connects again: those that were there before are gone all the same
        links.append(await redis_target.new_client("report"))
        again = await REMEDY.observe(redis_target, params)
        assert REMEDY.effect(before, again) is None
        assert "1 of 1" in str(REMEDY.effect(again, again))
    finally:
        for link in links:
            await link.close()


async def test_the_operator_never_disconnects_itself(redis_target: RedisTarget) -> None:
    await redis_target.open()
    with pytest.raises(Refused, match="the operator itself"):
        await REMEDY.execute(redis_target, ActionParams(client_name=OPERATOR_NAME))
    assert await redis_target.client_ids(OPERATOR_NAME)
    for name in ("", "two words", "a\nb", "x" * 129, "-x", "*"):
        with pytest.raises(ValidationError):
            ActionParams(client_name=name)


async def test_evidence_tells_who_is_connected_and_what_is_slow(
    redis_target: RedisTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and verbs only: what a slow command was about may be a secret."""
    await redis_target.call("CONFIG", "SET", "slowlog-log-slower-than", 0)
    await redis_target.call("SLOWLOG", "RESET")
    links = [await redis_target.new_client("web") for _ in range(3)]
    try:
        await links[0].call("SET", "report:token", "hunter2", "PX", 1000)
        await asyncio.gather(*(link.call("GET", "report:token") for link in links))
        evidence = await gather_evidence(redis_target, "cache", [])
        groups = {group.name: group for group in evidence.clients}
        assert OPERATOR_NAME not in groups
        assert (groups["web"].count, groups["web"].command) == (3, "get")
        assert 0 <= groups["web"].shortest_idle_seconds <= groups["web"].longest_idle_seconds < 60
        slow = {(s.client, s.command): s for s in evidence.slow_commands}
        assert slow["web", "get"].count == 3
        assert slow["web", "get"].milliseconds >= slow["web", "get"].longest_milliseconds >= 0
        assert "hunter2" not in repr(evidence)
        assert not any(client == OPERATOR_NAME for client, _ in slow)
        assert evidence.prefixes
        # a server that takes its time has none for a sample
        monkeypatch.setattr(evidence_redis, "_SLOW_SECONDS", 0)
        busy = await gather_evidence(redis_target, "cache", [])
        assert (busy.prefixes, busy.facts["sampled_keys"]) == ((), 0)
        assert busy.clients
        monkeypatch.setattr(evidence_redis, "_RECENT_SECONDS", -3600)
        assert (await gather_evidence(redis_target, "cache", [])).slow_commands == ()
    finally:
        await redis_target.call("CONFIG", "SET", "slowlog-log-slower-than", 10000)
        await redis_target.call("UNLINK", "report:token")
        for link in links:
            await link.close()


async def test_evidence_does_without_what_the_rights_do_not_cover(redis_target: RedisTarget) -> None:
    await redis_target.call("ACL", "SETUSER", "keeper", "-client", "-slowlog")
    try:
        evidence = await gather_evidence(redis_target, "cache", [])
        assert (evidence.clients, evidence.slow_commands) == ((), ())
        assert "error" not in evidence.facts
        assert evidence.prefixes
    finally:
        await redis_target.call("ACL", "SETUSER", "keeper", "+@all")
