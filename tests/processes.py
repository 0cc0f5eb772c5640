"""Our programs as processes of a test: started, watched until they are ready, ended or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from incident_local.processes import die_with_parent

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through somebody's http_proxy


class ServerProcess:
    """`python -m module`. `kill` is SIGKILL, `stop` is SIGTERM; `start` runs it again."""

    def __init__(self, module: str, *, url: str, log: Path, environment: Mapping[str, str]) -> None:
        self.url = url
        self.log = log
        self._module = module
        self._environment = clean_environment() | dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, wait_ready: bool = True, **environment: str) -> None:
        """Environment variables given here are added for this run."""
        assert not self.is_running
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=self._environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        if wait_ready:
            self.wait_ready()

    def wait_ready(self, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not answers(f"{self.url}/readyz"):
            assert self.is_running, f"{self._module} ended:\n{self.log.read_text()[-4000:]}"
            assert time.monotonic() < deadline, f"{self._module} is not ready:\n{self.log.read_text()[-4000:]}"
            time.sleep(0.05)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
            raise


def answers(url: str) -> bool:
    """Whether a GET gives 200."""
    try:
        with _DIRECT.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port where nobody listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment() -> dict[str, str]:
    """Ours, less whatever would point the stack under test at something of the person's own."""
    hidden = {"KUBECONFIG", "GROQ_API_KEY", "GEMINI_API_KEY"}
    hidden |= {name for name in os.environ if name.startswith("INCIDENTSIM_") and name != "INCIDENTSIM_CACHE_DIR"}
    return {name: value for name, value in os.environ.items() if name not in hidden}
