"""The proxy and the wrapper as processes around a real Redis: their ends, and what a killed proxy leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from incident_operator.proxy import load_wrapper
from tests.systems.proxying import (
    SHELLS,
    TOKEN,
    ask,
    client_port,
    proxy_server,
    shell,
    wrapped,
    wrapped_redis,
)
from tests.systems.servers import Server, is_listening, server_folder, wait_until


@pytest.fixture(params=SHELLS)
def shell_command(request: pytest.FixtureRequest) -> list[str]:
    return shell(request.param)


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder("proxy") as folder:
        yield folder


@pytest.fixture
def redis_and_proxy(folder: Path, shell_command: list[str]) -> Iterator[tuple[Server, Server]]:
    redis = wrapped_redis(shell_command, folder)
    proxy = proxy_server(folder, redis.port)
    try:
        redis.start()
        proxy.start()
        yield redis, proxy
    finally:
        for server in (proxy, redis):
            server.end(signal.SIGTERM)


def test_a_real_server_is_stopped_started_and_restarted(redis_and_proxy: tuple[Server, Server]) -> None:
    redis, proxy = redis_and_proxy
    assert redis.process is not None
    first = children(redis.process.pid)
    assert speak(client_port(proxy)).startswith(b"-NOAUTH")
    assert ask(proxy, "POST", "/stop", {"seconds": 60, "tag": "t"})["running"] is False
    assert not is_listening(redis.port)
    with pytest.raises(ConnectionResetError):
        speak(client_port(proxy))
    assert ask(proxy, "POST", "/start")["running"] is True
    assert speak(client_port(proxy)).startswith(b"-NOAUTH")
    second = children(redis.process.pid)
    state = ask(proxy, "POST", "/restart")
    assert state["running"] is True
    assert state["startedAt"] is not None
    third = children(redis.process.pid)
    assert first.isdisjoint(second)
    assert second.isdisjoint(third)


def test_a_stop_ends_though_the_proxy_was_killed(redis_and_proxy: tuple[Server, Server]) -> None:
    redis, proxy = redis_and_proxy
    ask(proxy, "POST", "/stop", {"seconds": 1.2, "tag": "t"})
    proxy.end(signal.SIGKILL)
    assert not is_listening(redis.port)
    proxy.start()
    wait_until(lambda: is_listening(redis.port), "the end of the stop")


def test_latency_is_measured_on_a_connection_and_outlives_the_proxy(folder: Path) -> None:
    redis = wrapped_redis(shell("sh"), folder)
    proxy = proxy_server(folder, redis.port)
    redis.start()
    proxy.start()
    try:
        ask(proxy, "PUT", "/latency", {"milliseconds": 200, "seconds": 60, "tag": "t"})
        proxy.end(signal.SIGKILL)
        proxy.start()
        begin = time.monotonic()
        speak(client_port(proxy))
        assert time.monotonic() - begin >= 0.198
        assert ask(proxy, "GET", "/")["latencyTag"] == "t"
        ask(proxy, "DELETE", "/latency")
        begin = time.monotonic()
        speak(client_port(proxy))
        assert time.monotonic() - begin < 0.198
        proxy.end(signal.SIGTERM)
        assert TOKEN not in (folder.parent / "proxy.log").read_text()
    finally:
        for server in (proxy, redis):
            server.end(signal.SIGTERM)


def test_a_crash_of_the_server_ends_the_wrapper_with_its_code(folder: Path, shell_command: list[str]) -> None:
    redis = wrapped_redis(shell_command, folder)
    redis.start()
    assert redis.process is not None
    # only Redis: one of the others is the sleep between two looks
    for child in children(redis.process.pid):
        if b"redis-server" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(child, signal.SIGKILL)
    assert redis.process.wait(5) == 128 + signal.SIGKILL


def test_the_server_ends_the_wrapper_with_its_own_code(tmp_path: Path, shell_command: list[str]) -> None:
    command = wrapped(shell_command, tmp_path, ["sh", "-c", 'exit "$1"', "with spaces", "7"])
    assert subprocess.run(command, check=False, timeout=5, capture_output=True).returncode == 7


@pytest.mark.parametrize("is_stopped", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wrapper_and_its_server(
    folder: Path, shell_command: list[str], number: signal.Signals, is_stopped: bool
) -> None:
    redis = wrapped_redis(shell_command, folder)
    redis.start()
    assert redis.process is not None
    if is_stopped:
        (folder / "state" / "stopped").write_text("2100-01-01T00:00:00+00:00\ntag\n")
        wait_until(lambda: not is_listening(redis.port), "the stop")
    redis.process.send_signal(number)
    assert redis.process.wait(5) == 0
    assert not is_listening(redis.port)


def test_a_server_that_was_stopped_before_it_began_does_not_begin(tmp_path: Path, shell_command: list[str]) -> None:
    stopped, trace = tmp_path / "stopped", tmp_path / "trace"
    stopped.touch()
    process = subprocess.Popen(wrapped(shell_command, tmp_path, ["touch", str(trace)]), stderr=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert not trace.exists()
    stopped.unlink()
    assert process.wait(5) == 0
    assert trace.exists()


def test_the_wrapper_says_how_it_is_used(shell_command: list[str]) -> None:
    command = [*shell_command, "-c", load_wrapper(), "run", "TERM", "/tmp", "redis-server"]
    done = subprocess.run(command, check=False, timeout=5, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_kubernetes_expands_nothing_in_the_wrapper() -> None:
    assert "$(" not in load_wrapper()
    assert "$$" not in load_wrapper()


Change = Callable[[dict[str, str], Path], object]
BAD_ENVIRONMENTS: dict[str, tuple[Change, str]] = {
    "unset": (lambda e, _: e.pop("INCIDENTSIM_PROXY_UPSTREAM"), "INCIDENTSIM_PROXY_UPSTREAM is not set"),
    "no folder": (lambda e, _: e.update(INCIDENTSIM_PROXY_STATE_DIRECTORY="/no/where"), "is not a directory; create"),
    "bad listen": (lambda e, _: e.update(INCIDENTSIM_PROXY_LISTEN="nonsense"), "INCIDENTSIM_PROXY_LISTEN"),
    "bad port": (lambda e, _: e.update(INCIDENTSIM_PROXY_UPSTREAM="127.0.0.1:0"), "a port is from 1 to 65535"),
    "no token": (lambda e, _: e.update(INCIDENTSIM_PROXY_TOKEN_FILE="/no/token"), "cannot be read: No such file"),
    "empty token": (lambda _, f: (f / "proxy-token").write_text(" \n"), "is empty; it must hold a token"),
    "taken port": (
        lambda e, _: e.update(INCIDENTSIM_PROXY_CONTROL_LISTEN=e["INCIDENTSIM_PROXY_LISTEN"]),
        "free the port",
    ),
}


@pytest.mark.parametrize("name", BAD_ENVIRONMENTS)
def test_a_bad_environment_ends_in_one_line_and_exit_2(folder: Path, name: str) -> None:
    change, words = BAD_ENVIRONMENTS[name]
    proxy = proxy_server(folder, 1)
    environment = dict(proxy.environment)
    change(environment, folder)
    done = subprocess.run(proxy.command, check=False, env=environment, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert TOKEN not in done.stderr


def speak(port: int) -> bytes:
    """What Redis answers; a failure to answer is an error."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(b"PING\r\n")
        return link.recv(100)


def children(parent: int) -> set[int]:
    """The wrapper's: the server, and its sleep, which is another each time."""
    return {int(number) for number in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}
