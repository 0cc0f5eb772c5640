"""Events about what changed, from each change as the store sees it: so that each is told once, whoever caused it.

What was injected is told on the ChaosExperiment only. An Event on a MockSystem or an Incident says what was measured.
"""

from __future__ import annotations

from collections.abc import Callable

from incident_crds.base import Resource
from incident_crds.chaosexperiment import ChaosExperiment, ExperimentPhase
from incident_crds.incident import Incident, IncidentPhase
from incident_crds.mocksystem import MockSystem, SystemPhase

Tell = Callable[[Resource, str, str, bool], None]
"""(object, reason, message, whether it is a warning)."""


def announce_change(before: Resource, after: Resource, tell: Tell) -> None:
    """Tell of what matters to people who look at the object with kubectl."""
    match before, after:
        case Incident(), Incident():
            _announce_incident(before, after, tell)
        case MockSystem(), MockSystem():
            _announce_system(before, after, tell)
        case ChaosExperiment(), ChaosExperiment():
            if after.status.phase is ExperimentPhase.ACTIVE and before.status.phase is not ExperimentPhase.ACTIVE:
                tell(after, "Injected", after.status.message, False)
        case _:
            pass  # of the other kinds there is nothing to tell


def _announce_incident(before: Incident, after: Incident, tell: Tell) -> None:
    was, now = before.status.phase, after.status.phase
    if was is now or after.is_consultation:
        return
    why = after.status.status_history[-1].reason if after.status.status_history else ""
    if was is None:
        tell(after, "Opened", after.spec.title, False)
    elif now is IncidentPhase.RESOLVED:
        tell(after, f"Resolved{after.status.reason or ''}", why or "it was resolved", False)
    elif was is IncidentPhase.RESOLVED:
        tell(after, "Reopened", why or "it was opened again", True)


def _announce_system(before: MockSystem, after: MockSystem, tell: Tell) -> None:
    if before.status.phase is after.status.phase:
        return
    ready = next((c.message for c in after.status.conditions if c.type == "Ready"), "")
    if after.status.phase is SystemPhase.READY:
        tell(after, "Ready", ready or "it answers", False)
    elif after.status.phase is SystemPhase.UNREACHABLE:
        tell(after, "Unreachable", ready or "it does not answer", True)
