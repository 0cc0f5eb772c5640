"""`forget`: lets an object go whose fault nobody will undo any more, and says so in every place that can hold it."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from kubectl_incident.documents import EXPERIMENTS, GROUP, SYSTEMS, Document
from kubectl_incident.errors import Forbidden, KubectlFailed, Missing, PluginError, UsageError
from kubectl_incident.killswitch import find_system_namespace
from kubectl_incident.kubectl import Kubectl
from kubectl_incident.terminal import Terminal

FINALIZER = f"{GROUP}/undo"
RECORD = f"{GROUP}/force-released"
REASON = "ForceReleased"
_KINDS = {"experiment": EXPERIMENTS, "chaos": EXPERIMENTS, "system": SYSTEMS, "msys": SYSTEMS}
_LEASE = "incident-operator"
_ADMIN = "that may `abandon` it (it is an administrator's right, and none of the simulator's roles has it)"
_ALIVE = timedelta(seconds=15)


def run_forget(kubectl: Kubectl, terminal: Terminal, wanted: str, *, force: bool, system_namespace: str) -> int:
    """0 once the object is let go. Without `force` it only says what would be given up."""
    kind, name = _parse(wanted)
    found = kubectl.get(kind, name)
    here = kubectl.within(found.namespace)
    if FINALIZER not in found.texts("metadata.finalizers"):
        raise PluginError(
            f"{name} does not carry the finalizer {FINALIZER}: nothing of the simulator holds it",
            f"`kubectl delete {kind} {name}` lets it go" if not found.is_deleted else "it goes by itself",
        )
    what = _given_up(found)
    if not force:
        raise PluginError(
            f"{what[0].upper()}{what[1:]} {_operator_note(kubectl, system_namespace)}", _advice(kind, found)
        )
    _require_right(here, kind, name)
    user = here.user()
    record = f"{REASON} by {user} at {datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}: {what}"
    noted = here.patch(found, kind, {RECORD: record}, _ADMIN)
    _tell(here, terminal, noted, record)
    if not noted.is_deleted:
        here.run("delete", kind, name, "--wait=false", role=_ADMIN)
    _release(here, kind, here.get(kind, name))
    terminal.line(record, "bold", "red")
    terminal.line(f"{name} is let go. Keep this record: the object that carried it goes, and Events are kept an hour.")
    return 0


def _parse(wanted: str) -> tuple[str, str]:
    kind, slash, name = wanted.rpartition("/")
    if slash and kind not in _KINDS:
        raise UsageError(f"{kind} is no kind that is held", f"give NAME, or {', '.join(sorted(_KINDS))} and /NAME")
    return _KINDS[kind or "experiment"], name


def _given_up(found: Document) -> str:
    """What nobody will prove, with the dead-man that is relied on instead."""
    if found.kind == "MockSystem":
        return "nothing is verified: faults on this system, and what was created for it, may be left."
    parts = []
    for target in found.parts("status.targets"):
        if target.text("phase") == "Recovered" or not target.text("undo.tag"):
            continue
        dead_man = target.text("undo.deadMan") or "none is on record"
        parts.append(f"{target.text('system')}, all that carries {target.text('undo.tag')} (dead-man: {dead_man})")
    if not parts:
        return "nothing is verified; no target is on record on which its fault could be left."
    deadline = found.text("status.deadlineAt") or "an unknown time"
    fault = found.text("spec.fault.type")
    return f"nothing is verified: {fault} may be left on {'; '.join(parts)}. Its dead-man was to act by {deadline}."


def _operator_note(kubectl: Kubectl, system_namespace: str) -> str:
    """Whether somebody is there who would undo it."""
    try:
        place = find_system_namespace(kubectl, system_namespace)
        lease = kubectl.within(place).get("leases.coordination.k8s.io", _LEASE)
    except Missing:
        return "No operator is there."
    except KubectlFailed:
        return "Whether an operator is there cannot be seen."
    renewed, holder = lease.time("spec.renewTime"), lease.text("spec.holderIdentity")
    if holder and renewed is not None and datetime.now(timezone.utc) - renewed < _ALIVE:
        return f"An operator is there ({holder}), and undoes it once the object is deleted."
    return "No operator is there."


def _advice(kind: str, found: Document) -> str:
    place = f" -n {found.namespace}"
    return (
        f"start the operator again, then `kubectl delete {kind} {found.name}{place}`: its fault is undone first, and "
        "that is proven. Where there will never be an operator again, add --force: the object goes, and nobody looks"
    )


def _require_right(here: Kubectl, kind: str, name: str) -> None:
    """Before anything is written: a record of what then did not happen would be worse than none."""
    try:
        here.run("auth", "can-i", "abandon", f"{kind}/{name}", role=_ADMIN)
    except KubectlFailed as error:
        raise Forbidden(
            f"You may not let {name} go: the verb abandon on {kind} is needed in namespace {here.namespace}",
            f"ask somebody {_ADMIN}",
        ) from error


def _tell(here: Kubectl, terminal: Terminal, about: Document, record: str) -> None:
    """An Event outlives the object, in a namespace that stays."""
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    event: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{about.name[:200]}.{secrets.token_hex(8)}", "namespace": about.namespace},
        "involvedObject": {
            "apiVersion": about.text("apiVersion"),
            "kind": about.kind,
            "name": about.name,
            "namespace": about.namespace,
            "uid": about.uid,
        },
        "type": "Warning",
        "reason": REASON,
        "message": record[:1024],
        "source": {"component": "kubectl-incident"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        here.run("create", "--filename=-", stdin=json.dumps(event), role=_ADMIN)
    except KubectlFailed as error:  # such as in a namespace that is being deleted
        terminal.note(f"No Event could be written: {error.what}", "yellow")


def _release(here: Kubectl, kind: str, found: Document) -> None:
    """Only this finalizer, and only on the object as it was read."""
    others = [name for name in found.texts("metadata.finalizers") if name != FINALIZER]
    metadata = {"uid": found.uid, "resourceVersion": found.version, "finalizers": others}
    change = json.dumps({"metadata": metadata})
    here.run("patch", kind, found.name, "--type=merge", f"--patch={change}", role=_ADMIN)
