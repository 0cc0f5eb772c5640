"""The API as a person reaches it: a forwarded port, and a token of an account."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from tests.processes import free_port

from .cluster import Refused, kubectl, wait_for
from .release import SYSTEM


@contextmanager
def forwarded(what: str, port: int) -> Iterator[int]:
    """A port of this machine that leads there."""
    local = free_port()
    command = ["kubectl", "port-forward", "--namespace", SYSTEM, what, f"{local}:{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: _answers(local), f"an answer of {what}", 30)
            yield local
        finally:
            process.terminate()


def _answers(port: int) -> bool | None:
    try:
        ask(port, "/healthz")
    except OSError as error:
        raise Refused(str(error)) from error
    return True


def ask(port: int, path: str, token: str = "", body: bytes | None = None) -> str:
    """The answer; a POST where there is a body. Raises HTTPError."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers)
    with urlopen(request, timeout=20) as answer:  # noqa: S310
        text: str = answer.read().decode()
    return text


def token(account: str) -> str:
    """As a person gets one."""
    return kubectl("create", "token", account, "--namespace", SYSTEM).strip()
