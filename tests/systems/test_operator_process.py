"""The operator as a process: a start that cannot work says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

KUBECONFIG = """
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: none}}]
"""


def start_operator(folder: Path, listen: str, **more: str) -> subprocess.CompletedProcess[str]:
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    environment = os.environ | {"KUBECONFIG": str(kubeconfig), "INCIDENTSIM_LISTEN": listen} | more
    command = [sys.executable, "-m", "incident_operator"]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("listen", ["127.0.0.1:99999", "127.0.0.1:", ":8085", "8085", "127.0.0.1:²", "127.0.0.1:-1"])
def test_a_bad_address_ends_in_one_line_and_exit_2(tmp_path: Path, listen: str) -> None:
    done = start_operator(tmp_path, listen)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "INCIDENTSIM_LISTEN" in line
    assert "must be HOST:PORT with a port up to 65535" in line


def test_a_taken_port_says_what_to_do_and_exits_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = start_operator(tmp_path, f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "free the port, or set INCIDENTSIM_LISTEN" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_unknown_failpoint_ends_in_one_line_that_names_those_there_are(tmp_path: Path) -> None:
    done = start_operator(tmp_path, "127.0.0.1:0", INCIDENTSIM_FAILPOINT="nonsense@redis-test")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "INCIDENTSIM_FAILPOINT" in line
    assert "'nonsense' is none of before-record, recorded, half-injected" in line
