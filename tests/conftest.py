"""One real stack for the whole session: API server, Redis, Postgres, disk agent; the operator where a test asks."""

from __future__ import annotations

import json
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from incident_crds.client import ApiClient, ApiConfig
from incident_local.processes import die_with_parent
from incident_local.state import StateFolder
from tests.processes import ServerProcess, clean_environment, free_port

START_SECONDS = 900.0  # the first run on a machine builds the control plane
NAMESPACE = "drills"

# A run in the background of a shell inherits an ignored SIGINT, and hands it on to every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class SystemAccess:
    """How to reach one target system, with control and with ordinary rights."""

    endpoint: str
    username: str
    password: str = field(repr=False)
    app_username: str
    app_password: str = field(repr=False)
    control_url: str
    control_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running `up` without the operator."""

    state: Path
    info: dict[str, str]

    @property
    def kubeconfig(self) -> Path:
        return Path(self.info["kubeconfig"])

    @property
    def logs(self) -> Path:
        return Path(self.info["logs"])

    def config(self, user: str) -> ApiConfig:
        """How `user` reaches the API server."""
        secrets = self.state / "secrets"
        token_file = str(secrets / f"{user}.token")
        return ApiConfig(self.info["server"], ca_file=str(secrets / "ca.crt"), token_file=token_file)

    def client(self, user: str) -> ApiClient:
        """A client as `user`, to be used as a context."""
        return ApiClient(self.config(user))

    def system(self, name: str) -> SystemAccess:
        secrets = self.state / "secrets"
        port = json.loads((self.state / "ports.json").read_text())[name]
        form = {"redis-test": "redis://{}/0", "postgres-test": "postgresql://{}/app", "disk-monitor": "http://{}"}
        return SystemAccess(
            endpoint=form[name].format(f"127.0.0.1:{port}"),
            username="control",
            password=(secrets / f"{name}.control.password").read_text(),
            app_username="app",
            app_password=(secrets / f"{name}.app.password").read_text(),
            control_url=f"{self.info['control_url']}/{name}",
            control_token=(secrets / "control.token").read_text(),
        )


class OperatorProcess(ServerProcess):
    """The operator against the stack."""

    def __init__(self, stack: Stack) -> None:
        url = stack.info["operator_url"]
        environment = {
            "KUBECONFIG": stack.info["operator_kubeconfig"],
            "INCIDENTSIM_LISTEN": url.removeprefix("http://"),
            "INCIDENTSIM_NAMESPACE": "incidentsim-system",
            "INCIDENTSIM_LOG_FORMAT": "json",
            "INCIDENTSIM_LOG_LEVEL": "info",
        }
        super().__init__("incident_operator", url=url, log=stack.logs / "operator.log", environment=environment)


class ApiProcess(ServerProcess):
    """The API against the stack, at the URL that `status` tells. With a port of its own it is another replica."""

    def __init__(self, stack: Stack, port: int | None = None) -> None:
        url = f"http://127.0.0.1:{port}" if port else stack.info["api_url"]
        environment = {
            "KUBECONFIG": stack.info["api_kubeconfig"],
            "INCIDENTSIM_API_LISTEN": url.removeprefix("http://"),
            "INCIDENTSIM_API_NAMESPACE": NAMESPACE,
            "INCIDENTSIM_API_SYSTEM_NAMESPACE": "incidentsim-system",
            "INCIDENTSIM_API_SESSION_SECRET_FILE": str(StateFolder(stack.state).api_session_secret),
            "INCIDENTSIM_LOG_FORMAT": "json",
            "INCIDENTSIM_LOG_LEVEL": "info",
        }
        log = stack.logs / (f"api-{port}.log" if port else "api.log")
        super().__init__("incident_api", url=url, log=log, environment=environment)


def read_line(process: subprocess.Popen[str], seconds: float) -> str:
    """The next line of its stdout; empty when it ended without one. A hang is a failure, not a wait for ever."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    assert ready, f"no line within {seconds} s"
    return process.stdout.readline()


def start_up(
    state: Path, *arguments: str, environment: dict[str, str] | None = None
) -> tuple[subprocess.Popen[str], Path]:
    """`incident-simulator up --json` with its own state folder, and the file that holds what it says."""
    messages = state.with_name(f"{state.name}.up.txt")
    messages.parent.mkdir(parents=True, exist_ok=True)
    with messages.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "incident_local.cli", "up", "--json", *arguments],
            env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(state)} | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    return process, messages


def stop_up(process: subprocess.Popen[str], state: Path) -> None:
    """Stop it as Ctrl-C does, and remove what it wrote but for its logs, which stay beside the state folder."""
    if process.poll() is None:
        process.terminate()
    process.wait(60)
    assert process.stdout is not None
    process.stdout.close()
    if (logs := StateFolder(state).logs).exists():
        shutil.copytree(logs, state.with_name(f"{state.name}-logs"), dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "incident_local.cli", "down", "--delete-data"],
        env=clean_environment() | {"INCIDENTSIM_STATE_DIR": str(state)},
        check=True,
        capture_output=True,
        timeout=90,
    )


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The API server with CRDs, rights and policies, and the three systems. No operator runs."""
    state = tmp_path_factory.mktemp("stack") / "state"
    process, messages = start_up(state, "--without-operator")
    try:
        line = read_line(process, START_SECONDS)
        assert line, f"the stack did not start:\n{messages.read_text()}"
        yield Stack(state, json.loads(line))
    finally:
        stop_up(process, state)


@pytest.fixture
def operator(stack: Stack) -> Iterator[OperatorProcess]:
    """The operator, ready; it may be killed and started again."""
    process = OperatorProcess(stack)
    process.start()
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def start_api(stack: Stack) -> Iterator[Callable[..., ApiProcess]]:
    """Starts an API of one's own, on another port; it takes what `start` takes, and may be killed and started again."""
    with ExitStack() as stops:

        def start(*, wait_ready: bool = True, **environment: str) -> ApiProcess:
            process = ApiProcess(stack, free_port())
            stops.callback(process.stop)
            process.start(wait_ready=wait_ready, **environment)
            return process

        yield start


@pytest_asyncio.fixture
async def admin(stack: Stack) -> AsyncIterator[ApiClient]:
    async with stack.client("admin") as client:
        yield client


@pytest_asyncio.fixture
async def sre(stack: Stack) -> AsyncIterator[ApiClient]:
    """May approve."""
    async with stack.client("sre") as client:
        yield client


@pytest_asyncio.fixture
async def viewer(stack: Stack) -> AsyncIterator[ApiClient]:
    """May only read."""
    async with stack.client("viewer") as client:
        yield client


@pytest_asyncio.fixture
async def operator_client(stack: Stack) -> AsyncIterator[ApiClient]:
    """As the operator, with its rights."""
    async with stack.client("operator") as client:
        yield client
