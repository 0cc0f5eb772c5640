"""The end of the process: in good order, or cut off; never a hang."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ..conftest import read_line

# -P: the folder operator/ of the repository would hide the module of that name
PROGRAM = """
import asyncio, sys
from incident_crds.logs import configure_logs
from incident_operator.ending import Ending

async def deaf():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def run(grace, is_deaf):
    ending = Ending(grace)
    ending.heed_signals()
    other = asyncio.create_task(deaf() if is_deaf else asyncio.Event().wait(), name="the other one")
    await asyncio.sleep(0)
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("ending", flush=True)
        other.cancel()
        await asyncio.wait([other])
        print("in good order", flush=True)

configure_logs("json", "INFO")
try:
    asyncio.run(run(float(sys.argv[1]), sys.argv[2] == "deaf"))
except asyncio.CancelledError:
    sys.exit(0)
"""
LONG = "600"


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, *request.param], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert read_line(process, 30) == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("program", [(LONG, "well")], indirect=True)
def test_a_signal_ends_it_in_good_order(program: subprocess.Popen[str]) -> None:
    program.send_signal(signal.SIGTERM)
    said, _ = program.communicate(timeout=30)
    assert "in good order" in said
    assert program.returncode == 0


@pytest.mark.parametrize("program", [("0.2", "deaf")], indirect=True)
def test_what_does_not_end_is_cut_off_and_named(program: subprocess.Popen[str]) -> None:
    program.send_signal(signal.SIGTERM)
    said, logged = program.communicate(timeout=30)
    assert "the operator did not end in time and is cut off" in said + logged
    assert "the other one at <string>:" in said + logged
    assert program.returncode == 1


@pytest.mark.parametrize("program", [(LONG, "deaf")], indirect=True)
def test_a_second_signal_ends_it_at_once(program: subprocess.Popen[str]) -> None:
    program.send_signal(signal.SIGINT)
    assert read_line(program, 30) == "ending\n"
    program.send_signal(signal.SIGTERM)
    said, logged = program.communicate(timeout=30)
    assert "asked to end twice" in said + logged
    assert program.returncode == 1
