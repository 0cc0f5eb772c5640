"""The command `drill` against the running stack and a real operator."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from incident_crds.base import PURPOSE_LABEL
from incident_crds.chaosexperiment import ChaosExperiment
from incident_crds.client import ApiClient
from incident_crds.incident import Incident
from incident_local.drill import _Drill
from incident_local.errors import ScenarioInvalid
from incident_local.scenarios import DEFAULT_DRILLS, load_drill
from tests.conftest import NAMESPACE, OperatorProcess, Stack
from tests.crds.manifests import good
from tests.processes import clean_environment

KEYS = {"drill", "experiment", "incident", "diagnosis", "plan", "grade", "durations"}


def command(stack: Stack, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "incident_local.cli", *arguments]


def environment(stack: Stack) -> dict[str, str]:
    return clean_environment() | {"INCIDENTSIM_STATE_DIR": str(stack.state)}


def run(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(stack, *arguments),
        env=environment(stack),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def told_at(output: str, text: str) -> float:
    """Seconds since the drill's start, of the first line that tells it."""
    found = re.search(rf"^ +([0-9.]+) s  .*{re.escape(text)}", output, re.M)
    assert found, f"{text!r} was not told:\n{output}"
    return float(found[1])


def test_drill_is_graded_and_printed_as_one_document(stack: Stack, operator: OperatorProcess) -> None:
    done = run(stack, "drill", "redis-memory", "--approve", "auto", "--timeout", "60", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == KEYS
    assert report["drill"] == "redis-memory"
    assert report["grade"]["passed"]
    assert report["grade"]["residue"] == 0
    assert report["plan"]["approvedBy"] == "sre"
    for text in ("injecting RedisMemory", "plan redis-test-memory", "fault undone, residue 0", "graded: passed"):
        assert text in done.stderr
    # Objects are followed one by one, so lines may come in another order; their times may not.
    told = [
        "injecting RedisMemory",
        "incident INC-",
        "diagnosed by",
        "approved by sre",
        "RedisEvictPrefix:",
        "resolved:",
    ]
    times = [told_at(done.stderr, text) for text in told]
    assert times == sorted(times), done.stderr
    graded = run(stack, "grade", "redis-memory", "--json")
    assert (graded.returncode, json.loads(graded.stdout)) == (0, report)


async def test_interrupt_undoes_the_fault(
    stack: Stack, operator: OperatorProcess, admin: ApiClient, tmp_path: Path
) -> None:
    told = interrupt_a_drill(stack, tmp_path / "told")
    assert "waiting until its fault is undone" in told
    names = [e.metadata.name for e in await admin.list_all(ChaosExperiment, NAMESPACE)]
    assert not [name for name in names if name.startswith("disk-full-")]
    assert not list((stack.state / "data" / "disk-monitor").glob("app-*.log"))


def interrupt_a_drill(stack: Stack, told: Path) -> str:
    """Start one, press Ctrl-C once its plan awaits approval; returns what it said."""
    with told.open("w") as file:
        process = subprocess.Popen(
            command(stack, "drill", "disk-full", "--approve", "wait"),
            env=environment(stack),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while f" --kubeconfig {stack.kubeconfig} --context sre " not in told.read_text():
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(5)
    return told.read_text()


def test_a_plan_that_is_rejected_ends_the_drill(stack: Stack, operator: OperatorProcess) -> None:
    """The person at the terminal said no: nothing would come of waiting for a grade."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            command(stack, "drill", "redis-memory", "--approve", "ask", "--timeout", "200"),
            env=environment(stack),
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(ours, b"not today\n")
        _, told = process.communicate(timeout=100)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 1, told
    assert "rejected by sre: not today" in told
    assert "a person rejected the plan" in told
    assert "its fault was withdrawn" in told


def test_without_a_terminal_nobody_can_be_asked(stack: Stack) -> None:
    done = run(stack, "drill", "redis-memory")
    assert done.returncode == 1
    assert "--approve auto" in done.stderr


def test_unknown_scenario_names_the_others(stack: Stack) -> None:
    done = run(stack, "drill", "no-such", "--approve", "auto")
    assert done.returncode == 1
    assert "choose from: cascade, disk-full, network-latency, pod-kill, postgres-bloat, " in done.stderr


@pytest.mark.parametrize(("purpose", "told"), [("", ["inc"]), ("consultation", [])])
def test_a_question_about_the_system_is_no_part_of_the_drill(purpose: str, told: list[str]) -> None:
    drill = _Drill(load_drill("redis-memory"), "redis-test", datetime.now(UTC), frozenset())
    document = good("Incident", "inc", affectedSystems=["redis-test"], remediationMode="Advisory")
    document["metadata"]["labels"] = {PURPOSE_LABEL: purpose}
    drill.note(Incident.parse(document))
    assert list(drill.incidents) == told


def test_every_drill_of_the_command_line_is_in_the_catalogue() -> None:
    for name in DEFAULT_DRILLS:
        assert load_drill(name).metadata.name == name
    with pytest.raises(ScenarioInvalid, match="choose from"):
        load_drill("../redis-memory")
