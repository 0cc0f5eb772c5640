"""Causes around a system of any type: its process, its pod, the way to it."""

from __future__ import annotations

from incident_crds.action import ActionParams
from incident_crds.catalogue import ActionType, FaultType, SignalName
from incident_operator.domain.evidence import (
    DIRECT_MILLISECONDS,
    NOT_RUNNING,
    POD,
    POD_AGE_SECONDS,
    PROCESS,
    STOPPED,
    Evidence,
)
from incident_operator.domain.rules.finding import (
    Finding,
    Rules,
    canary_milliseconds,
    fact_number,
    is_fast_when_asked,
)
from incident_operator.domain.verdict import ActionDraft

_YOUNG_POD_SECONDS = 60


def _explain_outage(e: Evidence) -> Finding | None:
    """A stopped process is one to start; a young pod means that Kubernetes has just replaced one."""
    process, age = e.facts.get(PROCESS), e.facts.get(POD_AGE_SECONDS)
    if process != STOPPED and isinstance(age, int | float) and age < _YOUNG_POD_SECONDS:
        return Finding(
            fault=FaultType.POD_KILL,
            summary=f"The pod of {e.system} was deleted; Kubernetes is starting another one.",
            solution="Nothing has to be done while Kubernetes replaces the pod; find out who deleted it.",
            confidence=80,
            fact=f"pod: {e.facts.get(POD)}",
            actions=(),
        )
    if process not in (STOPPED, NOT_RUNNING):
        return None
    return Finding(
        fault=FaultType.SYSTEM_DOWN,
        summary=f"The process of {e.system} is {process}, so nothing answers at its address.",
        solution=f"Start {e.system} again.",
        confidence=90,
        fact=f"the control endpoint answers and says that the process is {process}",
        actions=(
            ActionDraft(
                ActionType.RESTART_SYSTEM,
                e.system,
                ActionParams(),
                f"{e.system} starts; what it held in memory is lost",
            ),
        ),
    )


def _explain_latency(e: Evidence) -> Finding | None:
    """Slow for clients and fast when asked directly: what is between them is slow."""
    if not is_fast_when_asked(e):
        return None
    return Finding(
        fault=FaultType.NETWORK_LATENCY,
        summary=f"{e.system} itself is fast; its clients wait, so what is between them is slow.",
        solution="End the delay in the proxy in front of it.",
        confidence=85,
        fact=f"a client's small operation takes {canary_milliseconds(e):.0f} ms, "
        f"a direct question {fact_number(e, DIRECT_MILLISECONDS):g} ms",
        actions=(
            ActionDraft(
                ActionType.REMOVE_LATENCY,
                e.system,
                ActionParams(),
                "answers reach the clients as fast as the system gives them",
            ),
        ),
    )


RULES: Rules = {
    SignalName.REACHABLE: (_explain_outage,),
    SignalName.CANARY: (_explain_outage,),
    SignalName.LATENCY: (_explain_latency,),
}
