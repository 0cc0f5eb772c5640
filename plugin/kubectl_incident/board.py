"""`board`: a way to the API's service through the cluster, and a browser that is signed in there."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kubectl_incident.documents import Document, clean
from kubectl_incident.errors import Forbidden, PluginError, UsageError
from kubectl_incident.killswitch import find_system_namespace
from kubectl_incident.kubectl import Kubectl, no_kubectl, translate
from kubectl_incident.terminal import Terminal

_SELECTOR = "app.kubernetes.io/component=api,app.kubernetes.io/part-of=incident-simulator"
_SERVICE = "incident-simulator-api"
_ROLE = "incidentsim-viewer, and the right to create pods/portforward where the API runs"
_READY_SECONDS = 30.0
_ASK_SECONDS = 5.0
_POLL_SECONDS = 0.2
_END_SECONDS = 5.0
_FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ->")


@dataclass(frozen=True)
class Wishes:
    """How the board is to be opened."""

    port: int
    opens: bool
    token_from: str
    """[NAMESPACE/]SERVICEACCOUNT, or empty."""
    system_namespace: str


def run_board(kubectl: Kubectl, terminal: Terminal, wishes: Wishes) -> int:
    """Until Ctrl-C."""
    service = find_service(kubectl, wishes.system_namespace)
    there = kubectl.within(service.namespace)
    token = _make_token(kubectl, there, wishes.token_from) if wishes.token_from else ""
    with forwarded(there, service, wishes.port) as forward:
        url = f"http://127.0.0.1:{forward.port}"
        _wait_ready(forward, url)
        link = sign_in_link(url, token) if token else url
        terminal.line(link, "bold")
        if token:
            terminal.note(
                f"Whoever opens it is signed in as {wishes.token_from}, for as long as its token lasts: an hour."
            )
        else:
            _advise(terminal, service.namespace)
        terminal.note(f"Forwarded to service {service.name} in namespace {service.namespace}. Ctrl-C ends it.", "dim")
        if wishes.opens:
            webbrowser.open(link)
        forward.wait()
    return 0


def find_service(kubectl: Kubectl, system_namespace: str) -> Document:
    """The API's service, by its labels. Raises PluginError where there is none to be seen."""
    everywhere = Kubectl(kubectl.program, kubectl.flags, everywhere=True)
    where = "any namespace"
    try:
        scope = kubectl.within(system_namespace) if system_namespace else everywhere
        where = f"namespace {system_namespace}" if system_namespace else where
        found = scope.list("services", f"--selector={_SELECTOR}")
    except Forbidden:
        if system_namespace:
            raise
        namespace = find_system_namespace(kubectl, "")
        where = f"namespace {namespace}"
        found = kubectl.within(namespace).list("services", f"--selector={_SELECTOR}")
    if not found:
        raise PluginError(
            f"There is no service of the simulator's API in {where}",
            f"say where it was installed with --system-namespace; its service is called {_SERVICE} or so, "
            f"with the label {_SELECTOR.split(',')[0]}. On a laptop, `incident-simulator link` makes the link",
        )
    if len(found) > 1:
        places = ", ".join(sorted(service.namespace for service in found))
        raise PluginError(f"There are several APIs, in the namespaces {places}", "choose with --system-namespace")
    return found[0]


def _make_token(kubectl: Kubectl, there: Kubectl, account: str) -> str:
    """A token of an hour for the service account."""
    namespace, _, name = account.rpartition("/")
    if not name:
        raise UsageError(f"{account} names no service account", "give --token-from [NAMESPACE/]NAME")
    scope = kubectl.within(namespace or kubectl.namespace or there.namespace)
    role = "that may create serviceaccounts/token (it is an administrator's right)"
    return scope.run("create", "token", name, "--duration=1h", role=role).strip()


def _advise(terminal: Terminal, namespace: str) -> None:
    terminal.note("The board asks for a Kubernetes token. One of a service account that has a role of the simulator:")
    terminal.note("  kubectl create token NAME -n NAMESPACE --duration=12h")
    terminal.note("or let this command make one and sign the browser in:")
    terminal.note(f"  kubectl incident board --token-from {namespace}/NAME")


class Forward:
    """A running `kubectl port-forward`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def wait(self) -> None:
        """Until it ends, which it does by itself only where something went wrong. Raises PluginError then."""
        for _ in self._process.stdout or ():  # a line for each connection: read, so that the pipe never fills
            pass
        self.require_running()

    def require_running(self) -> None:
        if self._process.poll() is not None:
            raise self.failure()

    def failure(self) -> PluginError:
        self._process.wait(_END_SECONDS)
        said = self._process.stderr.read() if self._process.stderr else ""
        error = translate(said, _ROLE)
        return PluginError(f"The way to the API ended: {error.what}", error.remedy or "start the command again")


@contextmanager
def forwarded(kubectl: Kubectl, service: Document, port: int) -> Iterator[Forward]:
    """kubectl chooses a free local port where `port` is 0."""
    ports = f"{port or ''}:{service_port(service)}"
    argv = kubectl.argv(("port-forward", f"service/{service.name}", ports, "--address=127.0.0.1"))
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise no_kubectl(str(error)) from error
    try:
        first = process.stdout.readline() if process.stdout else ""
        found = _FORWARDING.search(first)
        if found is None:
            raise Forward(process, 0).failure()
        yield Forward(process, int(found.group(1)))
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def service_port(service: Document) -> str:
    """The one called http, else the first."""
    ports: list[Document] = service.parts("spec.ports")
    named = [port for port in ports if port.text("name") == "http"]
    if not ports:
        raise PluginError(f"Service {service.name} has no port", "see whether the chart was installed as a whole")
    return (named or ports)[0].text("port")


def _open(url: str, *, token: str | None = None) -> bytes:
    """GET, or with a token POST. Never by a proxy: it is loopback."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers, method="POST" if token else "GET")  # noqa: S310 - http only
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_ASK_SECONDS) as answer:
        body: bytes = answer.read()
    return body


def _wait_ready(forward: Forward, url: str) -> None:
    deadline, why = time.monotonic() + _READY_SECONDS, ""
    while time.monotonic() < deadline:
        forward.require_running()
        try:
            _open(f"{url}/readyz")
        except (OSError, ValueError) as error:  # URLError is an OSError
            why = str(error)
        else:
            return
        time.sleep(_POLL_SECONDS)
    raise PluginError(
        f"The API is not ready after {_READY_SECONDS:g} s: {why}", "see its pods and their logs, and try again"
    )


def sign_in_link(url: str, token: str) -> str:
    """A link that the API makes for the token's owner. Raises PluginError where it refuses."""
    try:
        return clean(str(json.loads(_open(f"{url}/api/v1/session/links", token=token))["url"]))
    except urllib.error.HTTPError as error:
        raise PluginError(
            f"The API refused the token: {_detail(error)}", "see which role its service account has"
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise PluginError(
            f"The API made no link: {error}", "try again; without --token-from the board asks itself"
        ) from error


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return clean(str(json.loads(error.read()).get("detail") or error))
    except (OSError, ValueError, AttributeError):
        return str(error)
