"""`up` from start to every kind of end, with stacks of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from incident_crds.client import ApiClient, ApiConfig
from incident_crds.mocksystem import MockSystem
from incident_local.fingerprint import BUILT, BUILT_FROM, is_current
from incident_local.processes import birth_of
from incident_local.state import StateFolder
from incident_local.stopping import descendants
from tests.conftest import read_line, start_up
from tests.processes import clean_environment
from tests.waiting import eventually

START_SECONDS = 90.0
FRIEND = "https://board.example.org"
UI = Path(__file__).parents[2] / "ui"
CONFIG_MAPS = "/api/v1/namespaces/drills/configmaps"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part in it is Linux's")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder that is used again and again."""
    folder = tmp_path_factory.mktemp("up") / "state"
    yield folder
    cli("down", "--delete-data", state=folder)


def cli(*arguments: str, state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "incident_local.cli", *arguments],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(state)} | environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@contextmanager
def up(
    state: Path, *, whole: bool = False, wait: bool = True, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    """A started `up`, what it printed, and the file with what it said. However the test ends, so does it.

    The whole of it, or without the operator and the API.
    """
    process, messages = start_up(state, *([] if whole else ["--without-operator"]), environment=environment)
    with process:
        try:
            line = read_line(process, START_SECONDS) if wait else "{}"
            assert line, messages.read_text()
            yield process, json.loads(line), messages
        finally:
            if process.poll() is None:
                process.terminate()


def family(pid: int) -> dict[int, tuple[str, str]]:
    """Birth and command line of every process below it that lives."""
    members: dict[int, tuple[str, str]] = {}
    for child in descendants(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended since
            line = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            if birth := birth_of(child):
                members[child] = (birth, line)
    return members


def wait_started(process: subprocess.Popen[str], words: str, messages: Path) -> dict[int, tuple[str, str]]:
    """All processes below it, once one is there whose command line holds these words."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        members = family(process.pid)
        if any(words in line for _, line in members.values()):
            return members
        assert time.monotonic() < deadline, messages.read_text()
        time.sleep(0.01)


def wait_gone(members: dict[int, tuple[str, str]], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while alive := [line for pid, (birth, line) in members.items() if birth_of(pid) == birth]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.02)


def client(state: Path, info: dict[str, str]) -> ApiClient:
    secrets = state / "secrets"
    return ApiClient(
        ApiConfig(info["server"], ca_file=str(secrets / "ca.crt"), token_file=str(secrets / "admin.token"))
    )


async def test_dead_control_plane_stops_all_and_data_survive(state: Path) -> None:
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"kept": "yes"}}
    with up(state) as (process, info, messages):
        kubeconfig = (state / "kubeconfig").read_text()
        async with client(state, info) as api:
            await api.request("POST", CONFIG_MAPS, body=note)
            await api.patch(MockSystem, "drills", "redis-test", {"spec": {"protected": True}})
        members = family(process.pid)
        control_plane = next(pid for pid, (_, line) in members.items() if "--etcd-dir" in line)
        os.kill(control_plane, signal.SIGKILL)
        assert process.wait(30) == 1
        wait_gone(members)
    text = messages.read_text()
    assert "control-plane was ended by SIGKILL, and nothing works without it" in text
    assert f"Log: {state / 'logs' / 'control-plane.log'}" in text
    assert not (state / "run.json").exists()

    with up(state) as (process, info, _):
        async with client(state, info) as api:
            assert (await api.request("GET", f"{CONFIG_MAPS}/note"))["data"] == {"kept": "yes"}
            assert (await api.get(MockSystem, "drills", "redis-test")).spec.protected
        assert (state / "kubeconfig").read_text() == kubeconfig  # ports, tokens and certificates are the same
        members = family(process.pid)
        assert len(members) > 5
        process.kill()
        wait_gone(members)
    assert (state / "run.json").exists()
    with up(state, wait=False) as (process, _, messages):
        wait_started(process, "--etcd-dir", messages)
        assert not (state / "run.json").exists(), "what was left by the killed one makes this one look ready"


async def test_people_sign_in_by_link_until_down_stops_all(state: Path) -> None:
    secret = "the API is given another, in a file"
    environment = {
        "GROQ_API_KEY": "never-used",
        "INCIDENTSIM_API_ALLOWED_ORIGINS": FRIEND,
        "INCIDENTSIM_API_SESSION_SECRET": secret,
    }
    (UI / BUILT / BUILT_FROM).unlink(missing_ok=True)
    with up(state, whole=True, wait=True, **environment) as (process, info, messages):
        assert is_current(UI)
        assert '<div id="root">' in await page_of(info)
        members = family(process.pid)
        api = next(pid for pid, (_, line) in members.items() if "-m incident_api" in line)
        shown = Path(f"/proc/{api}/environ").read_text()
        assert "never-used" not in shown
        assert secret not in shown
        status = json.loads(cli("status", "--json", state=state).stdout)
        assert (status["apiReady"], status["api"]) == (True, info["api_url"])

        cookie = await follow_link(info["link"])
        assert await session_of(info, cookie) == "sre"
        link = cli("link", "--as", "viewer", state=state)
        assert link.returncode == 0, link.stderr
        assert await session_of(info, await follow_link(link.stdout.removesuffix("\n"))) == "viewer"

        os.kill(api, signal.SIGKILL)
        wait_gone({api: members[api]})
        assert await eventually(lambda: session_of(info, cookie), "the API is started again") == "sre"
        assert "api was ended by SIGKILL. Starting it again" in messages.read_text()
        assert {entry.name for entry in state.iterdir()} <= {part.name for part in StateFolder(state).parts()}
        members = family(process.pid)
        # Our child stays a zombie until we wait for it, which `down` knows to be an end.
        done = cli("down", "--json", state=state)
        assert (done.returncode, json.loads(done.stdout)["pid"]) == (0, process.pid), done.stderr
        wait_gone(members, seconds=0.1)
        assert process.wait(10) == 0
    again = cli("down", "--json", state=state)
    assert (again.returncode, json.loads(again.stdout)["pid"]) == (0, None)


@pytest.mark.parametrize("running", ["--etcd-dir", "redis-server", "postgres -D", "disk_agent", "-m incident_api"])
def test_interrupt_during_the_start_leaves_nothing(state: Path, running: str) -> None:
    """As soon as the process whose command line holds these words is there."""
    with up(state, whole="incident_api" in running, wait=False) as (process, _, messages):
        members = wait_started(process, running, messages)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        wait_gone(members, seconds=0.1)
    assert cli("status", state=state).returncode == 1


async def page_of(info: dict[str, str]) -> str:
    """The board's page, as it is before anybody signs in."""
    async with aiohttp.ClientSession() as browser, browser.get(info["api_url"]) as answer:
        assert answer.status == 200
        return await answer.text()


async def follow_link(link: str) -> str:
    """The cookie that it gives, which no script can read and no other site can make a browser send."""
    async with aiohttp.ClientSession() as browser, browser.get(link, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")
        cookie, *attributes = response.headers["Set-Cookie"].split("; ")
        assert {"httponly", "samesite=strict"} <= {attribute.lower() for attribute in attributes}
        return cookie


async def session_of(info: dict[str, str], cookie: str) -> str | None:
    """Whose session it is; None while nobody answers."""
    headers = {"Cookie": cookie, "Origin": FRIEND}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as browser,
            browser.get(f"{info['api_url']}/api/v1/session") as response,
        ):
            assert response.status == 200, await response.text()
            assert response.headers["Access-Control-Allow-Origin"] == FRIEND
            user: str = (await response.json())["user"]
            return user
    except aiohttp.ClientConnectionError:
        return None


def test_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = cli("up", state=tmp_path / "state", INCIDENTSIM_OPERATOR_PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} for operator is taken by another process" in done.stderr
    assert "INCIDENTSIM_OPERATOR_PORT" in done.stderr
    assert "start control-plane" not in done.stderr
    assert not (tmp_path / "state" / "data" / "postgres-test").exists()


@pytest.mark.parametrize(
    ("variable", "value"), [("INCIDENTSIM_REDIS_PORT", "70000"), ("INCIDENTSIM_CONTROL_PLANE", "docker")]
)
def test_a_variable_that_makes_no_sense_is_named(tmp_path: Path, variable: str, value: str) -> None:
    done = cli("up", state=tmp_path / "state", **{variable: value})
    assert done.returncode == 1
    assert f"{variable}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli(
        "prepare", state=tmp_path / "state", INCIDENTSIM_CACHE_DIR=str(tmp_path / "file" / "cache"), PATH="/nowhere"
    )
    assert done.returncode == 1
    assert "INCIDENTSIM_CACHE_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_version_and_help(tmp_path: Path) -> None:
    assert cli("--version", state=tmp_path).stdout.strip().count(".") == 2
    assert json.loads(cli("version", "--json", state=tmp_path).stdout)["version"]
    assert "drill" in cli("--help", state=tmp_path).stdout


def test_status_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    done = cli("status", state=tmp_path / "none")
    assert done.returncode == 1
    assert "incident-simulator up" in done.stderr
