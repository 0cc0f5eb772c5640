"""kubectl and helm, as a user has them, against the cluster of KUBECONFIG."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.chart.rendering import program

T = TypeVar("T")


class Refused(Exception):
    """A command that ended with an error; its text is what it said."""


def run(command: Sequence[str], *, stdin: str = "", timeout: float = 120) -> str:
    """What the command printed. Raises Refused."""
    done = subprocess.run(list(command), input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise Refused(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def kubectl(*arguments: str, stdin: str = "", timeout: float = 120) -> str:
    return run(["kubectl", *arguments], stdin=stdin, timeout=timeout)


def helm(*arguments: str, timeout: float = 400) -> str:
    return run([*program("helm"), *arguments], timeout=timeout)


def get(kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
    """The object, or None where there is none."""
    place = ["--namespace", namespace] if namespace else []
    text = kubectl("get", kind, name, *place, "--ignore-not-found", "--output", "json")
    found: dict[str, Any] | None = json.loads(text) if text.strip() else None
    return found


def list_all(kind: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
    place = ["--namespace", namespace] if namespace else ["--all-namespaces"]
    chosen = ["--selector", selector] if selector else []
    items: list[dict[str, Any]] = json.loads(kubectl("get", kind, *place, *chosen, "--output", "json"))["items"]
    return items


def names(kind: str, namespace: str, selector: str = "") -> list[str]:
    return [item["metadata"]["name"] for item in list_all(kind, namespace, selector)]


def apply(*bodies: dict[str, Any]) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(bodies)})
    kubectl("apply", "--filename", "-", stdin=text)


def wait_for(look: Callable[[], T | None], what: str, seconds: float = 120) -> T:
    """What `look` returns once it is something; refusals meanwhile are those of a cluster at work."""
    end, last = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            found = look()
        except Refused as refused:
            found, last = None, str(refused)
        if found is not None and found is not False:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {seconds:g} s; {last}")
