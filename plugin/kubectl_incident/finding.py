"""From what a person types to the object that is meant: names, numbers, and the nearest where there is none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from kubectl_incident.documents import INCIDENTS, PLANS, Document
from kubectl_incident.errors import Missing, PluginError
from kubectl_incident.kubectl import Kubectl

_NUMBER = re.compile(r"(?:inc-)?0*(\d{1,9})", re.IGNORECASE)
_SHOWN = 5


def number_of(text: str) -> str:
    """INC-0007 for 7, 0007, inc-7 and INC-0007; empty for anything else."""
    found = _NUMBER.fullmatch(text)
    return f"INC-{int(found.group(1)):04d}" if found else ""


def nearest(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that somebody may have meant, best first."""
    known = sorted(set(names))
    parts = [name for name in known if wanted and wanted.lower() in name.lower()]
    close = difflib.get_close_matches(wanted, known, n=_SHOWN, cutoff=0.75)
    return list(dict.fromkeys([*close, *parts]))[:_SHOWN]


def place_of(kubectl: Kubectl) -> str:
    """Where was looked, for a message."""
    if kubectl.everywhere:
        return "any namespace"
    return f"namespace {kubectl.namespace or kubectl.context_namespace() or 'default'}"


def find_incident(kubectl: Kubectl, wanted: str) -> Document:
    """By name or number. Raises Missing with the nearest."""
    number = number_of(wanted)
    if not number and not kubectl.everywhere:
        try:
            return kubectl.get(INCIDENTS, wanted)
        except Missing:
            pass  # the list below tells which there are
    known = kubectl.list(INCIDENTS)
    found = [i for i in known if wanted == i.name or (number and i.text("status.number") == number)]
    if not found:
        raise _unknown(
            "incident", wanted, kubectl, [*(i.name for i in known), *(i.text("status.number") for i in known)]
        )
    return _only(found, wanted)


def find_plan(kubectl: Kubectl, wanted: str) -> Document:
    """By its name, or by its incident's name or number: then its latest plan. Raises Missing with the nearest."""
    if not number_of(wanted) and not kubectl.everywhere:
        try:
            return kubectl.get(PLANS, wanted)
        except Missing:
            pass
    known = kubectl.list(f"{PLANS},{INCIDENTS}")
    plans = [d for d in known if d.kind == "RemediationPlan"]
    named = [plan for plan in plans if plan.name == wanted]
    if named:
        return _only(named, wanted)
    number = number_of(wanted)
    incidents = [
        d
        for d in known
        if d.kind == "Incident" and (d.name == wanted or (number and d.text("status.number") == number))
    ]
    if incidents:
        incident = _only(incidents, wanted)
        own = plans_of(incident, plans)
        if not own:
            raise Missing(f"Incident {wanted} has no plan yet", f"see `kubectl incident show {wanted}`")
        return own[-1]
    raise _unknown("plan", wanted, kubectl, [plan.name for plan in plans])


def plans_of(incident: Document, plans: Sequence[Document]) -> list[Document]:
    """The incident's own, oldest first."""
    own = [p for p in plans if p.namespace == incident.namespace and p.text("spec.incidentRef") == incident.name]
    return sorted(own, key=lambda plan: (plan.number("spec.attempt") or 0, plan.text("metadata.creationTimestamp")))


def _only(found: Sequence[Document], wanted: str) -> Document:
    if len(found) > 1:
        places = ", ".join(sorted(d.namespace for d in found))
        raise PluginError(f"There are several {wanted}, in the namespaces {places}", "choose one with --namespace")
    return found[0]


def _unknown(what: str, wanted: str, kubectl: Kubectl, names: Iterable[str]) -> Missing:
    known = [name for name in names if name]
    close = nearest(wanted, known)
    if close:
        remedy = f"did you mean {' or '.join(close)}?"
    elif known:
        remedy = "`kubectl incident list --all` shows those there are"
    else:
        remedy = f"there is no {what} at all there; -A looks in every namespace"
    return Missing(f"There is no {what} {wanted} in {place_of(kubectl)}", remedy)
