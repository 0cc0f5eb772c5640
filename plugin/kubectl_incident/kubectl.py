"""The one door to the cluster: kubectl, with the flags and so the rights of whoever calls."""

from __future__ import annotations

import builtins
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kubectl_incident.documents import Document, Json, clean
from kubectl_incident.errors import Changed, Forbidden, KubectlFailed, Missing, PluginError

VIEWER, RESPONDER, APPROVER = "incidentsim-viewer", "incidentsim-responder", "incidentsim-approver"
_INSTALL = (
    "install the simulator there, such as by `helm install incident-simulator charts/incident-simulator "
    "--namespace incidentsim-system --create-namespace`, or choose another cluster with --context"
)


@dataclass(frozen=True)
class Kubectl:
    """Calls kubectl. Raises PluginError and its kinds, each with what to do."""

    program: str
    flags: tuple[str, ...] = ()
    """--context and the like, as they were given."""
    namespace: str = ""
    """As given; empty for the context's own."""
    everywhere: bool = False
    """-A was given."""
    seconds: int = 20
    """How long one request may take."""

    def within(self, namespace: str) -> Kubectl:
        """The same in one namespace."""
        return replace(self, namespace=namespace, everywhere=False)

    def argv(self, arguments: Sequence[str]) -> builtins.list[str]:
        """The whole command. What is not about a namespace takes no harm from one."""
        where = ["--all-namespaces"] if self.everywhere else ["--namespace", self.namespace] if self.namespace else []
        return [self.program, *arguments, *where, *self.flags]

    def run(self, *arguments: str, stdin: str = "", role: str = VIEWER) -> str:
        """What it prints. `role` is the one that somebody needs who may not do this."""
        argv = self.argv((*arguments, f"--request-timeout={self.seconds}s"))
        try:
            done = subprocess.run(
                argv, input=stdin, capture_output=True, text=True, timeout=3 * self.seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise KubectlFailed(
                f"kubectl gave no answer within {3 * self.seconds} s: {' '.join(arguments[:3])}",
                "see whether the cluster can be reached, and whether signing in waits for you",
            ) from None
        except OSError as error:
            raise no_kubectl(str(error)) from error
        if done.returncode != 0:
            raise translate(done.stderr, role)
        return done.stdout

    def json(self, *arguments: str, stdin: str = "", role: str = VIEWER) -> Json:
        """What it prints with `-o json`."""
        text = self.run(*arguments, "--output=json", stdin=stdin, role=role)
        found = json.loads(text)
        if not isinstance(found, dict):
            raise KubectlFailed(f"kubectl gave something else than an object: {clean(text)[:200]}")
        return found

    def list(self, kinds: str, *arguments: str) -> builtins.list[Document]:
        """All objects of these kinds, several joined by a comma."""
        return Document(self.json("get", kinds, *arguments)).parts("items")

    def get(self, kind: str, name: str) -> Document:
        """Raises Missing."""
        return Document(self.json("get", kind, name))

    def patch(self, found: Document, kind: str, annotations: Json, role: str) -> Document:
        """Annotates exactly the object that was read, as it was then. Raises Changed."""
        metadata = {"uid": found.uid, "resourceVersion": found.version, "annotations": annotations}
        change = json.dumps({"metadata": metadata})
        here = self.within(found.namespace)
        return Document(here.json("patch", kind, found.name, "--type=merge", f"--patch={change}", role=role))

    def user(self) -> str:
        """The name by which the API server knows the caller."""
        try:
            name = Document(self.json("auth", "whoami")).text("status.userInfo.username")
        except KubectlFailed as error:
            raise KubectlFailed(
                f"The API server does not say who you are: {error.what}",
                "decisions are made in your own name: `kubectl auth whoami` (kubectl 1.28 and newer) has to tell it",
            ) from error
        return name

    def context_namespace(self) -> str:
        """The one that the context sets, or empty."""
        text = self.run("config", "view", "--minify", "--output=jsonpath={.contexts[0].context.namespace}")
        return clean(text)


def find_kubectl() -> str:
    """From INCIDENTSIM_KUBECTL, else from PATH."""
    wanted = os.environ.get("INCIDENTSIM_KUBECTL") or "kubectl"
    found = shutil.which(wanted)
    if found is None:
        raise no_kubectl(f"there is no program {wanted}")
    return found


def no_kubectl(why: str) -> PluginError:
    return PluginError(
        f"kubectl cannot be started: {why}",
        "install it (https://kubernetes.io/docs/tasks/tools/), put it on PATH, or name it in INCIDENTSIM_KUBECTL",
    )


_PREFIX = re.compile(
    r"^(error|Error from server( \((?P<reason>\w+)\))?|Error in configuration|Unable to connect[^:]*): *"
)
_NO_SERVER = (
    "The connection to the server",
    "Unable to connect to the server",
    "couldn't get current server API group list",
    "no configuration has been provided",
    "context deadline exceeded",
    "i/o timeout",
)
_NO_CONTEXT = ("context was not found", "does not exist", "no context exists", "error loading config file")


def translate(stderr: str, role: str) -> KubectlFailed:
    """What kubectl said, as the error that it is."""
    lines = [clean(line) for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if not re.match(r"[EWI]\d{4} ", line) and not line.startswith("Warning:")]
    last = (telling or lines or ["kubectl said nothing"])[-1]
    text = _PREFIX.sub("", last)
    matched = _PREFIX.match(last)
    reason = (matched.group("reason") or "") if matched else ""
    if "have a resource type" in last or "no matches for kind" in last or "could not find the requested" in last:
        return KubectlFailed(
            "This cluster does not know incidents: the simulator's CustomResourceDefinitions are not installed",
            _INSTALL,
        )
    if reason == "Forbidden" or "is forbidden:" in last:
        return Forbidden(f"You may not do that: {_refusal(text)}", _ask_for(role, text))
    if reason == "NotFound":
        return Missing(text)
    if reason == "Conflict" or "the object has been modified" in last or "precondition" in last.lower():
        return Changed(text, "look again, and try again")
    if reason == "Unauthorized" or "must be logged in" in last or "(Unauthorized)" in last:
        return KubectlFailed(
            f"The cluster does not know you: {text}", "sign in again, and see whether `kubectl auth whoami` answers"
        )
    if any(part in last for part in _NO_CONTEXT) and last.startswith(("error:", "Error in configuration")):
        return KubectlFailed(text, "`kubectl config get-contexts` lists those there are")
    if any(part in last for part in _NO_SERVER):
        return KubectlFailed(
            f"No cluster answers: {last}",
            "see whether `kubectl version` reaches it; --context or --kubeconfig choose another",
        )
    return KubectlFailed(text)


def _refusal(text: str) -> str:
    """A policy's own words, else what the authorizer says."""
    return text.split("denied request: ", 1)[-1].split("is forbidden: ", 1)[-1]


def _ask_for(role: str, text: str) -> str:
    if role in text:
        return ""
    found = re.search(r'User "([^"]+)"', text)
    user = found.group(1) if found else "NAME"
    place = re.search(r'in the namespace "([^"]+)"', text)
    if place:
        binding = f"kubectl create rolebinding {role} --clusterrole={role} --user={user} --namespace={place.group(1)}"
    else:
        binding = f"kubectl create clusterrolebinding {role} --clusterrole={role} --user={user}"
    return f"ask for the role {role}; who may, gives it by `{binding}`"


def optional_list(kubectl: Kubectl, kinds: str, *arguments: str) -> tuple[list[Document], PluginError | None]:
    """As `list`; where it cannot be read, nothing, and why."""
    try:
        return kubectl.list(kinds, *arguments), None
    except KubectlFailed as error:
        return [], error
