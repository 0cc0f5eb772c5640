"""The disk agent as a process: its start, its end, and what a killed one leaves to the next."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.systems.servers import Server, agent_server, server_folder, wait_until

MIB = 1024 * 1024


def test_killed_agent_removes_the_fill_after_its_restart() -> None:
    with server_folder("killed") as folder:
        server = agent_server(folder)
        server.start()
        _post(server, "/fill", {"name": "app-1.log", "bytes": MIB, "lifetimeSeconds": 1})
        server.end(signal.SIGKILL)
        assert (folder / "root" / "app-1.log").exists()
        server.start()
        wait_until(lambda: not (folder / "root" / "app-1.log").exists(), "the file expiring")
        server.end(signal.SIGTERM)
        log = (folder.parent / "agent.log").read_text()
        assert "keeper-secret" not in log
        assert "app-secret" not in log


Change = Callable[[dict[str, str], Path], object]
BAD_ENVIRONMENTS: dict[str, tuple[Change, str]] = {
    "unset": (lambda e, _: e.pop("INCIDENTSIM_AGENT_DIRECTORY"), "INCIDENTSIM_AGENT_DIRECTORY is not set"),
    "no folder": (lambda e, _: e.update(INCIDENTSIM_AGENT_DIRECTORY="/no/where"), "is not a directory; create it"),
    "bad listen": (lambda e, _: e.update(INCIDENTSIM_AGENT_LISTEN="nonsense"), "INCIDENTSIM_AGENT_LISTEN"),
    "bad port": (lambda e, _: e.update(INCIDENTSIM_AGENT_LISTEN="127.0.0.1:99999"), "a port is at most 65535"),
    "capacity": (lambda e, _: e.update(INCIDENTSIM_AGENT_CAPACITY_BYTES="12"), "INCIDENTSIM_AGENT_CAPACITY_BYTES"),
    "no token": (lambda e, _: e.update(INCIDENTSIM_AGENT_TOKEN_FILE="/no/token"), "cannot be read: No such file"),
    "empty token": (lambda _, f: (f / "token").write_text(" \n"), "is empty; it must hold a token"),
    "same token": (lambda _, f: (f / "app-token").write_text("keeper-secret"), "hold the same token"),
}


@pytest.mark.parametrize("name", BAD_ENVIRONMENTS)
def test_a_bad_environment_ends_in_one_line_and_exit_2(name: str) -> None:
    change, words = BAD_ENVIRONMENTS[name]
    with server_folder("bad") as folder:
        server = agent_server(folder)
        environment = dict(server.environment)
        change(environment, folder)
        done = run_agent(server.command, environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "keeper-secret" not in done.stderr


def test_a_taken_port_ends_in_one_line_and_exit_2(agent: Server) -> None:
    done = run_agent(agent.command, dict(agent.environment))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"disk agent: cannot listen on 127.0.0.1:{agent.port}: " + done.stderr.strip().partition(f"{agent.port}: ")[2]
    ]
    assert done.stderr.strip().endswith("free the port")


def _post(server: Server, path: str, body: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Authorization": "Bearer keeper-secret", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def run_agent(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=20)
