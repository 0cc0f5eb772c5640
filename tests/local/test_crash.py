"""The crash test: its matrix, its scan, and a slice of it for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
import redis.asyncio as redis

from incident_crds.catalogue import FaultType
from incident_crds.failpoint import Failpoint
from incident_local.crash.matrix import Choice, Kill, abandoned, every_kill, random_kills, slice_of
from incident_local.crash.report import render_table, to_document
from incident_local.crash.scan import Scanner, Snapshot
from incident_local.crash.trial import Result
from incident_local.errors import ScenarioInvalid
from incident_local.state import StateFolder

from ..conftest import Stack
from ..processes import clean_environment

ON_CLUSTERS_ONLY = {FaultType.POD_KILL}
SLICE = ("--seed", "20", "--sample", "6")


def test_the_matrix_has_every_fault_at_every_point_and_each_kill_once() -> None:
    kills = every_kill()
    assert {kill.fault for kill in kills} == set(FaultType) - ON_CLUSTERS_ONLY
    assert len({kill.name for kill in kills}) == len(kills)
    for fault in set(FaultType) - ON_CLUSTERS_ONLY - {FaultType.NONE}:
        assert {kill.point for kill in kills if kill.fault is fault} == set(Failpoint)
    assert {k.fault for k in abandoned()} == set(FaultType) - ON_CLUSTERS_ONLY - {FaultType.NONE}


def test_neighbours_are_on_different_systems_while_there_are_others() -> None:
    systems = [kill.system for kill in every_kill()]
    first = next(n for n, (a, b) in enumerate(pairwise(systems)) if a == b)
    assert first > len(systems) / 2
    assert len(set(systems[first:])) == 1, "there were others"


def test_chance_is_repeated_by_its_seed() -> None:
    assert random_kills(3, 20) == random_kills(3, 20)
    assert random_kills(3, 20) != random_kills(4, 20)
    assert slice_of(every_kill(), 3, 6) == slice_of(every_kill(), 3, 6)
    assert len(set(slice_of(every_kill(), 3, 6))) == 6


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice([FaultType.NONE], [Failpoint.PLAN_APPROVED]), r"None never passes plan-approved.*before-record"),
        (Choice([FaultType.NONE], for_good=True), "no.*dead-man.*RedisMemory"),
        (Choice([FaultType.POD_KILL], random=2), "PodKill needs a pod.*make e2e"),
        (Choice(points=[Failpoint.ACTIVE], random=2), "use one of them"),
        (Choice(sample=2, for_good=True), "use one of them"),
    ],
)
def test_a_choice_that_cannot_be_tried_says_why(choice: Choice, said: str) -> None:
    with pytest.raises(ScenarioInvalid) as refused:
        choice.kills()
    assert re.search(said, str(refused.value), re.DOTALL)


def test_a_miss_is_in_the_table_and_in_the_document() -> None:
    kill = Kill(FaultType.DISK_FILL, "disk-monitor", Failpoint.ACTIVE)
    results = [Result(kill, "Aborted (OperatorRestarted)", []), Result(kill, "", ["1 files left: app-1.log"])]
    table = render_table(results)
    assert "MISSED" in table
    assert "    1 files left: app-1.log" in table
    assert "1 of 2 kills" in table
    document = to_document(results)
    assert isinstance(document, dict)
    assert document["passed"] is False


async def test_the_scan_finds_whatever_is_new_gone_or_changed(stack: Stack) -> None:
    """With plain clients, as somebody would leave it; each thing is named."""
    state = StateFolder(stack.state)
    scanner = Scanner(state, json.loads(state.ports_file.read_text()), stack.info["control_url"])
    access = stack.system("redis-test")
    client = redis.Redis.from_url(access.endpoint, username=access.username, password=access.password)
    await client.set("mine:1", "1")
    before = await scanner.snapshot()
    assert before.differences(await scanner.snapshot()) == []
    postgres = stack.system("postgres-test")
    address = postgres.endpoint.replace("://", f"://{postgres.username}:{postgres.password}@")
    session = await psycopg.AsyncConnection.connect(address, application_name="worker-left", autocommit=True)
    file = state.data / "disk-monitor" / "left.log"
    try:
        await session.execute("CREATE TABLE public.left_here (id int)")
        await client.delete("mine:1")
        await client.set("left:1", "1")
        await client.client_setname("left-client")
        await client.config_set("timeout", 7200)
        file.touch()
        found = "\n".join(before.differences(await scanner.snapshot()))
    finally:
        await client.delete("left:1")
        await client.config_set("timeout", 0)
        await client.aclose()
        await session.execute("DROP TABLE public.left_here")
        await session.close()
        file.unlink()
    for named in ("left:1", "left-client", "mine:1", "timeout", "left_here", "worker-left", "left.log"):
        assert named in found, f"{named} is not among:\n{found}"


def test_what_is_destroyed_is_a_difference_too() -> None:
    before = Snapshot(goods={"files": frozenset({"a", "b"})})
    assert before.differences(Snapshot(goods={"files": frozenset({"b"})})) == ["1 files destroyed: a"]


@pytest.mark.timeout(420)
def test_a_slice_of_the_matrix_leaves_nothing_behind(tmp_path: Path) -> None:
    """`make crash-test` tries all of it."""
    done = subprocess.run(
        [sys.executable, "-m", "incident_local.cli", "crash-test", "--json", *SLICE],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(tmp_path / "state")},
        check=False,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kills = json.loads(done.stdout)["kills"]
    assert [kill["passed"] for kill in kills] == [True] * 6
    assert all(kill["outcome"] for kill in kills)
