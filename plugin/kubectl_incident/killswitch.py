"""`halt` and `resume`: the ConfigMap that the operator looks for, written in the person's own name."""

from __future__ import annotations

import json

from kubectl_incident.errors import KubectlFailed, Missing, UsageError
from kubectl_incident.kubectl import APPROVER, Kubectl, optional_list
from kubectl_incident.terminal import Terminal

KILL_SWITCH = "incidentsim-kill-switch"
DEFAULT_NAMESPACE = "incidentsim-system"
_LEASE = "incident-operator"
_LONGEST_REASON = 1024


def find_system_namespace(kubectl: Kubectl, given: str) -> str:
    """As given, else where the operator holds its Lease, else the usual one: not everybody may list Leases."""
    if given:
        return given
    everywhere = Kubectl(kubectl.program, kubectl.flags, everywhere=True)
    leases, _ = optional_list(everywhere, "leases.coordination.k8s.io", f"--field-selector=metadata.name={_LEASE}")
    return leases[0].namespace if len(leases) == 1 else DEFAULT_NAMESPACE


def run_halt(kubectl: Kubectl, terminal: Terminal, reason: str, namespace: str) -> int:
    """Stops all chaos. Where it is stopped already, it is so in this person's name and for this reason from now on."""
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise UsageError("A halt needs a reason of 1 to 1024 characters", "say why with --reason: everybody sees it")
    there = kubectl.within(find_system_namespace(kubectl, namespace))
    user = kubectl.user()
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": KILL_SWITCH, "namespace": there.namespace},
        # servers that fill in the name overwrite it; the others compare it
        "data": {"enabled": "true", "reason": reason, "by": user},
    }
    arguments = ("apply", "--server-side", "--force-conflicts", "--field-manager=kubectl-incident", "--filename=-")
    try:
        there.run(*arguments, stdin=json.dumps(manifest), role=APPROVER)
    except Missing as error:
        raise _no_namespace(there.namespace, error) from error
    terminal.line(f"All chaos is halted by {user}: {reason}", "bold", "red")
    terminal.line("The operator undoes what is broken now and breaks nothing, until `kubectl incident resume`.")
    return 0


def run_resume(kubectl: Kubectl, terminal: Terminal, namespace: str) -> int:
    """Lets chaos go on. 0 also where nothing was halted."""
    there = kubectl.within(find_system_namespace(kubectl, namespace))
    try:
        halted = there.get("configmaps", KILL_SWITCH)
        there.run("delete", "configmaps", KILL_SWITCH, role=APPROVER)
    except Missing:
        terminal.line(f"Nothing is halted: there is no ConfigMap {KILL_SWITCH} in namespace {there.namespace}.")
        return 0
    except KubectlFailed as error:
        raise type(error)(error.what, error.remedy.replace("incidentsim-viewer", APPROVER)) from error
    by, reason = halted.text("data.by") or "unknown", halted.text("data.reason") or "no reason given"
    terminal.line(f"Chaos may go on. It was halted by {by}: {reason}")
    return 0


def _no_namespace(namespace: str, error: Missing) -> KubectlFailed:
    return KubectlFailed(
        f"There is no namespace {namespace}: {error.what}", "say where the operator runs with --system-namespace"
    )
