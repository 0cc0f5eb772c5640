"""Sign-in links: what stands against one, and how `up` hands it out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from incident_local.errors import LinkRefused, NotRunning
from incident_local.identities import Person, ensure_identities
from incident_local.linkcommand import make_link
from incident_local.ports import LOOPBACK
from incident_local.progress import Progress
from incident_local.runinfo import RunInfo, read_run_info, write_run_info
from incident_local.state import StateFolder
from incident_local.upcommand import _link, instructions
from tests.conftest import Stack
from tests.processes import clean_environment, free_port

INFO = RunInfo(
    pid=os.getpid(),
    started_at="",
    server="",
    kubeconfig="/state/kubeconfig",
    operator_kubeconfig="",
    api_kubeconfig="",
    logs="/state/logs",
    control_url="",
    operator_url="",
    api_url="",
    has_api=True,
)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    ensure_identities(folder)
    return folder


@asynccontextmanager
async def answering(status: int, text: str) -> AsyncIterator[RunInfo]:
    """Something that answers so to everything, where the API should be."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner, port = web.AppRunner(application), free_port()
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        yield replace(INFO, api_url=f"http://{LOOPBACK}:{port}")
    finally:
        await runner.cleanup()


async def test_an_api_that_does_not_answer_is_told_with_its_log(state: StateFolder) -> None:
    info = replace(INFO, api_url=f"http://{LOOPBACK}:{free_port()}")
    with pytest.raises(LinkRefused, match=f"does not answer at {info.api_url}: ") as raised:
        await make_link(state, info, Person.SRE)
    assert "/state/logs" in str(raised.value)


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (401, '{"detail": "the token is not accepted"}', "made no link: 401 the token is not accepted"),
        (502, "<html>", "answered 502 with something else than a link"),
        (201, '{"url": 3}', "answered 201 with something else than a link"),
    ],
)
async def test_an_answer_that_is_no_link_is_told(state: StateFolder, status: int, text: str, told: str) -> None:
    async with answering(status, text) as info:
        with pytest.raises(LinkRefused, match=told):
            await make_link(state, info, Person.SRE)


async def test_up_goes_on_where_no_link_can_be_made(state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    async with answering(503, '{"detail": "not just now"}') as info:
        assert await _link(state, info, Progress()) is None
    assert "made no link: 503 not just now" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "told"), [("link", "without the API"), ("status", "api not part of it")])
def test_a_stack_without_the_api_says_so(stack: Stack, command: str, told: str) -> None:
    done = run(command, stack.state)
    assert done.returncode == 1
    assert told in done.stdout + done.stderr


def test_link_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    done = run("link", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "start it with `incident-simulator up`" in done.stderr


def run(command: str, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "incident_local.cli", command],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_only_a_stack_that_is_ready_and_of_this_version_is_used(state: StateFolder) -> None:
    with state.locked():
        with pytest.raises(NotRunning, match="is still starting"):
            read_run_info(state)
        write_run_info(state, INFO)
        assert read_run_info(state) == INFO
        state.run_file.write_text('{"pid": 1}')
        with pytest.raises(NotRunning, match="of another version"):
            read_run_info(state)


def test_the_link_is_the_first_thing_to_do() -> None:
    told = instructions(INFO, "kubectl", "http://127.0.0.1:1/link").splitlines()
    assert told.index("Open http://127.0.0.1:1/link") < told.index("Look:")
    assert "Open" not in instructions(INFO, "kubectl", None)
