"""Which systems an experiment hits, and why it may hit none."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from incident_crds.base import CHAOS_LABEL
from incident_crds.catalogue import FaultType, SignalName
from incident_crds.chaosexperiment import ChaosExperiment, SelectionMode, Target
from incident_crds.mocksystem import MockSystem, SystemPhase
from incident_operator.domain.approval import Refusal

MOST_TARGETS = 100
DEADLINE_GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen systems by name, or the reason why there are none."""

    systems: tuple[MockSystem, ...]
    refusal: Refusal | None = None


def select_targets(target: Target, systems: Sequence[MockSystem]) -> Selection:
    """By name, or by labels and mode; among many the first by name, so that a run can be repeated."""
    if target.system_ref is not None:
        name = target.system_ref.name
        found = tuple(s for s in systems if s.metadata.name == name)
        if not found:
            known = ", ".join(sorted(s.metadata.name for s in systems)) or "none"
            return Selection(
                (), Refusal("TargetNotFound", f"MockSystem {name} does not exist here; there are: {known}")
            )
        return Selection(found)
    labels = target.selector.match_labels if target.selector else {}
    matching = sorted(
        (s for s in systems if labels.items() <= s.metadata.labels.items()), key=lambda s: s.metadata.name
    )
    if not matching:
        wanted = ", ".join(f"{k}={v}" for k, v in sorted(labels.items()))
        return Selection((), Refusal("NothingSelected", f"no MockSystem in this namespace carries {wanted}"))
    count = _count(target, len(matching))
    if count > len(matching):
        text = f"{count} systems are asked for, and {len(matching)} carry the labels: {_names(matching)}"
        return Selection((), Refusal("TooFewTargets", f"{text}; lower value, or choose mode all"))
    chosen = matching[:count]
    if len(chosen) > MOST_TARGETS:
        text = (
            f"{len(chosen)} MockSystems are selected, and {MOST_TARGETS} is the most; choose fewer with mode and value"
        )
        return Selection((), Refusal("TooManyTargets", text))
    return Selection(tuple(chosen))


def _names(systems: Sequence[MockSystem]) -> str:
    return ", ".join(s.metadata.name for s in systems[:10]) + (" and others" if len(systems) > 10 else "")


def _count(target: Target, matching: int) -> int:
    value = target.value or 1
    match target.mode:
        case SelectionMode.ONE:
            return 1
        case SelectionMode.FIXED:
            return value
        case SelectionMode.PERCENT:
            return math.ceil(matching * value / 100)
        case SelectionMode.ALL:
            return matching
        case _:
            assert_never(target.mode)


def check_hold(experiment: ChaosExperiment, *, halted: str | None) -> Refusal | None:
    """Why it may not begin yet, which ends by itself. `halted` is the kill switch's reason while it is on."""
    if experiment.spec.suspend:
        return Refusal("Suspended", "spec.suspend is true")
    if halted is not None:
        return Refusal("KillSwitch", f"the kill switch is on: {halted}; it begins once that is lifted")
    return None


def check_place(experiment: ChaosExperiment, *, namespace_labels: dict[str, str]) -> Refusal | None:
    """Why nothing may be injected in this namespace."""
    if namespace_labels.get(CHAOS_LABEL) != "enabled":
        namespace = experiment.metadata.namespace
        command = f"kubectl label namespace {namespace} {CHAOS_LABEL}=enabled"
        return Refusal("NamespaceNotEnabled", f"namespace {namespace} does not allow chaos; allow it with: {command}")
    return None


def check_targets(
    experiment: ChaosExperiment, chosen: Sequence[MockSystem], *, faults_on: Mapping[str, Collection[FaultType]]
) -> Refusal | None:
    """Why these systems may not be broken, or None where they may. `faults_on`: what others broke, by system."""
    kind = experiment.spec.fault.type
    for system in chosen:
        name = system.metadata.name
        if system.spec.protected:
            return Refusal("TargetProtected", f"MockSystem {name} is protected: spec.protected is true")
        if system.metadata.deletion_timestamp is not None:
            return Refusal("TargetNotFound", f"MockSystem {name} is being deleted")
        if kind not in system.status.capabilities.faults and system.status.capabilities.faults:
            able = ", ".join(system.status.capabilities.faults)
            return Refusal(
                "FaultNotSupported",
                f"{kind} cannot be injected into {name}, a {system.spec.type}; it can suffer: {able}",
            )
        if others := faults_on.get(name, ()):
            if not experiment.spec.allow_overlap:
                return Refusal("TargetBusy", f"{', '.join(sorted(others))} is on {name} right now; wait for its end")
            if kind in others:  # a process is stopped once, and a proxy delays once: the first undo would end both
                return Refusal("TargetBusy", f"{kind} is on {name} already, and two of a kind never overlap")
    return None


def not_ready(chosen: Sequence[MockSystem]) -> str | None:
    """Which chosen system cannot be broken yet, and why, or None where all can."""
    for system in chosen:
        if system.status.phase is not SystemPhase.READY:
            phase = system.status.phase or SystemPhase.PENDING
            return f"{system.metadata.name} is {phase}: {system.status.message or 'not probed yet'}"
    return None


def not_steady(experiment: ChaosExperiment, chosen: Sequence[MockSystem], signal: SignalName | None) -> str | None:
    """On which chosen system the fault's own signal is breached already, or None where its effect can be told.

    Also a breach that is on record from before the operator's start, until samples say otherwise.
    """
    if experiment.spec.allow_overlap:
        return None
    for system in chosen:
        breach = next((b for b in system.status.breaches if b.signal is signal and b.ended_at is None), None)
        if breach is not None:
            since = "" if breach.breached_at is None else f" since {breach.breached_at:%H:%M:%S}Z"
            name = system.metadata.name
            why = "what the fault does could not be told from that"
            return f"{signal} of {name} is breached already{since}, and {why}; it begins once that is over"
    return None


def deadline_of(experiment: ChaosExperiment, *, now: datetime) -> datetime:
    """When the fault ends in any case, also by its dead-man: its duration, and a grace to inject and to end a plan.

    It counts from when the injection begins: an experiment that had to wait is not cut short.
    """
    return now + timedelta(seconds=experiment.spec.duration_seconds) + DEADLINE_GRACE
