"""Evidence on real servers, and the rules' answer to what they read there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from incident_crds.catalogue import FaultType, SignalName, SystemType
from incident_crds.fault import Fault as FaultSpec
from incident_crds.mocksystem import HealthPolicy
from incident_operator.domain.evidence import Evidence
from incident_operator.domain.rules import diagnose
from incident_operator.domain.sample import Signal
from incident_operator.faults.registry import build_faults
from incident_operator.probes.base import Reading
from incident_operator.probes.evidence import gather_evidence
from incident_operator.probes.evidence_redis import prefix_of
from incident_operator.probes.registry import PROBES, measure_all
from incident_operator.probes.untrusted import clean_name
from incident_operator.remedies.registry import REMEDIES
from incident_operator.targets import Target, TargetError, open_target
from incident_operator.targets.base import narrow
from incident_operator.targets.postgres import PostgresTarget
from incident_operator.targets.redis import RedisTarget
from incident_operator.targets.redis_link import Argument, Reply
from tests.systems.servers import Server, access_to
from tests.waiting import eventually

POLICY = HealthPolicy()
S = SignalName
CAUSES: dict[FaultType, tuple[str, dict[str, Any]]] = {
    FaultType.REDIS_MEMORY: ("redis_target", {"redisMemory": {}}),
    FaultType.REDIS_CONNECTIONS: ("redis_target", {"redisConnections": {}}),
    FaultType.REDIS_LATENCY: ("redis_target", {"redisLatency": {}}),
    FaultType.POSTGRES_CONNECTIONS: ("postgres_target", {"postgresConnections": {}}),
    FaultType.POSTGRES_BLOAT: ("postgres_target", {"postgresBloat": {}}),
    FaultType.POSTGRES_LOCK: ("postgres_target", {"postgresLock": {}}),
    FaultType.DISK_FILL: ("disk_target", {"diskFill": {}}),
}


@pytest.fixture(params=sorted(CAUSES))
def cause(request: pytest.FixtureRequest) -> FaultType:
    return FaultType(request.param)


@pytest.fixture
def caused_target(cause: FaultType, request: pytest.FixtureRequest) -> Target:
    found: Target = request.getfixturevalue(CAUSES[cause][0])
    return found


async def test_the_rules_find_the_cause_and_their_action_ends_it(cause: FaultType, caused_target: Target) -> None:
    """From a real injection through real evidence to an action that a real server proves."""
    fault = build_faults()[cause]
    spec = FaultSpec.model_validate({"type": cause, **CAUSES[cause][1]})
    undo = fault.undo_record("123412341234", spec, HealthPolicy())
    await fault.inject(caused_target, spec, undo, timedelta(seconds=60))
    try:

        async def is_breached() -> tuple[Signal, ...] | None:
            _, signals = await measure_all(caused_target, POLICY)
            return signals if [s.name for s in signals if (s.health or 0) < 50] == [fault.signal] else None

        # a wait for a lock counts only once it is long
        signals = await eventually(is_breached, "the fall of its signal alone", 10)
        breached = [s.name for s in signals if (s.health or 0) < 50]

        async def read() -> Evidence | None:
            """A server that was made slow may take too long on a busy machine."""
            found = await gather_evidence(caused_target, "system", signals)
            return None if "error" in found.facts else found

        evidence = await eventually(read, "evidence", 10)
        verdict = diagnose(evidence, breached)
        assert verdict.fault == cause, (verdict, evidence)
        (draft,) = verdict.actions
        remedy = REMEDIES[draft.type]
        before = await remedy.observe(caused_target, draft.params)
        await remedy.execute(caused_target, draft.params)
        assert remedy.effect(before, await remedy.observe(caused_target, draft.params)) is None
    finally:
        await fault.recover(caused_target, undo)


async def test_redis_evidence_scales_up_its_sample(redis_target: RedisTarget) -> None:
    evidence = await gather_evidence(redis_target, "cache", [])
    by_prefix = {p.prefix: p for p in evidence.prefixes}
    assert by_prefix["user:"].keys == 300
    assert by_prefix["user:"].expiring == 0
    assert by_prefix["product:"].keys == 200
    await redis_target.call_many([("SET", f"load:{n}", "x", "PX", 60000) for n in range(20000)])
    evidence = await gather_evidence(redis_target, "cache", [])
    load = {p.prefix: p for p in evidence.prefixes}["load:"]
    assert 3000 <= float(evidence.facts["sampled_keys"]) < float(evidence.facts["keys"])
    assert load.keys == pytest.approx(20000, rel=0.1)
    assert load.expiring == load.keys
    keys = [key async for page in redis_target.scan("load:*") for key in page]
    await redis_target.call("UNLINK", *keys)


async def test_many_small_keys_do_not_put_the_blame_on_one_prefix(redis_target: RedisTarget) -> None:
    """More prefixes than evidence lists: what is not listed is used all the same."""
    many = [("SET", f"k{n}", "x" * 20_000, "PX", 60000) for n in range(1500)]
    some = [("SET", f"cache:{n}", "x" * 20_000, "PX", 60000) for n in range(250)]
    await redis_target.call_many(many + some)
    try:
        evidence = await gather_evidence(redis_target, "cache", [])
        assert evidence.prefixes[0].prefix == "cache:"
        assert sum(p.bytes for p in evidence.prefixes) < float(evidence.facts["sampled_bytes"]) / 2
        assert diagnose(evidence, [S.MEMORY]).fault is None
    finally:
        await redis_target.call("UNLINK", *(command[1] for command in many + some))


async def test_postgres_evidence_leaves_us_out(postgres_target: PostgresTarget) -> None:
    web = await postgres_target.new_session("web\x01 app", ordinary=True)
    evidence = await gather_evidence(postgres_target, "db", [])
    await web.close()
    assert {g.application_name for g in evidence.sessions} <= {"web? app", "web\\x01 app"}, "masked by the server"
    assert {t.name for t in evidence.tables} == {"customers", "orders"}
    assert all(t.autovacuum for t in evidence.tables)
    assert evidence.facts["max_connections"] == 50
    assert evidence.facts["client_sessions"] == sum(g.count for g in evidence.sessions)


async def test_a_database_without_an_encoding_can_be_read(postgres: Server, postgres_target: PostgresTarget) -> None:
    await postgres_target.execute("CREATE DATABASE legacy ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    access = access_to(f"postgresql://127.0.0.1:{postgres.port}/legacy")
    legacy = narrow(open_target(SystemType.POSTGRES, access), PostgresTarget)
    try:
        await legacy.seed()
        await legacy.execute('CREATE TABLE "café" (id int)')

        async def is_listed() -> bool:
            evidence = await gather_evidence(legacy, "db", [])
            assert "error" not in evidence.facts
            return {t.name for t in evidence.tables} == {"café", "customers", "orders"}

        await eventually(is_listed, "the listing")
        reachable, signals = await measure_all(legacy, POLICY)
        assert reachable
        assert {s.name: s.health for s in signals}[S.BLOAT] == 100
    finally:
        await legacy.close()
        await postgres_target.execute("DROP DATABASE legacy WITH (FORCE)")


async def test_the_table_that_was_measured_is_listed_among_many(postgres_target: PostgresTarget) -> None:
    await postgres_target.execute(
        "DO $$ BEGIN FOR n IN 1..31 LOOP"
        " EXECUTE format('CREATE TABLE big_%s WITH (autovacuum_enabled = off)"
        " AS SELECT generate_series(1, 9000) n', n);"
        " EXECUTE format('DELETE FROM big_%s WHERE n <= 2000', n); END LOOP;"
        " CREATE TABLE worst WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 1200) n;"
        " DELETE FROM worst WHERE n <= 1100; END $$"
    )

    async def is_measured() -> bool:
        found = await PROBES[S.BLOAT].measure(Reading(postgres_target), POLICY)
        return found.health == 8

    try:
        await eventually(is_measured, "the measurement")
        _, signals = await measure_all(postgres_target, POLICY)
        evidence = await gather_evidence(postgres_target, "db", signals)
        assert evidence.tables[0].name == "worst"
        assert diagnose(evidence, [S.BLOAT]).actions[0].params.table == "worst"
    finally:
        await postgres_target.execute(
            "DO $$ BEGIN FOR n IN 1..31 LOOP EXECUTE format('DROP TABLE IF EXISTS big_%s', n); END LOOP;"
            " DROP TABLE IF EXISTS worst; END $$"
        )


@pytest.mark.parametrize(
    ("key", "prefix"),
    [("session:ab:1", "session:ab:"), ("a:b", "a:"), ("plain", "plain"), (":", ":"), ("a:", "a:"), ("", "")],
)
def test_prefixes(key: str, prefix: str) -> None:
    assert prefix_of(key) == prefix


@pytest.mark.parametrize("name", ["us\x00er:", "user:\u202e", "us\u200ber:", "us\ner:", "user:" + "x" * 300])
def test_a_crafted_name_never_becomes_another_s(name: str) -> None:
    clean = clean_name(name)
    assert len(clean) <= 256
    assert clean.isprintable()
    assert clean != "user:"
    assert not name.startswith(clean)


async def test_odd_evidence_is_missing_and_says_so(redis: Server) -> None:
    class Odd(RedisTarget):
        @override
        async def call_many(self, commands: Sequence[tuple[Argument, ...]]) -> list[Reply | TargetError]:
            raise TypeError(commands)

    target = Odd(access_to(f"redis://127.0.0.1:{redis.port}/0"))
    evidence = await gather_evidence(target, "cache", [])
    assert "not as expected: TypeError" in str(evidence.facts["error"])
    await target.close()
