"""Conditions that follow from a status, so that `kubectl wait --for=condition=…` has something to wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incident_crds.base import Condition, set_condition
from incident_crds.chaosexperiment import ChaosExperimentStatus, TargetPhase
from incident_crds.incident import IncidentPhase, IncidentStatus
from incident_crds.remediationplan import PlanPhase, RemediationPlanSpec, RemediationPlanStatus

STALLED_AFTER = 10
"""Tries to undo after which a person is told; the operator goes on trying."""


@dataclass(frozen=True, slots=True)
class _Fact:
    type: str
    holds: bool | None
    reason: str
    message: str = ""


def system_conditions(
    conditions: Sequence[Condition],
    *,
    reachable: bool,
    healthy: bool | None,
    problem: str,
    worst: str,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Ready: it can be reached. Healthy: no signal is below the threshold; Unknown while nothing is measured."""
    why = {True: "AllSignalsHealthy", False: "SignalBreached", None: "NothingMeasured"}[healthy]
    facts = [
        _Fact("Ready", reachable, "Reachable" if reachable else "Unreachable", problem or "it answers"),
        _Fact("Healthy", healthy, why, worst),
    ]
    return _apply(conditions, facts, generation=generation, now=now)


def experiment_conditions(status: ChaosExperimentStatus, *, generation: int, now: datetime) -> list[Condition]:
    """Injected, EffectObserved, Recovered and Stalled; one that does not hold says the phase's reason."""
    why = status.reason or "Pending"
    effect = ", ".join(f"{m.system}/{m.signal} is {m.health} %" for m in status.observed_effect)
    left = [t for t in status.targets if t.phase is not TargetPhase.RECOVERED]
    stalled = status.recovered_at is None and any(t.attempts >= STALLED_AFTER for t in left)
    unseen = [t for t in status.targets if t.undo is not None and t.residue is None]
    if status.recovered_at is not None and unseen:
        recovered = _Fact("Recovered", None, "NotVerified", "; ".join(f"{t.system}: {t.last_error}" for t in unseen))
    else:
        is_undone, text = status.recovered_at is not None, "nothing that carries its tag is left"
        recovered = _fact("Recovered", is_undone, "NoResidue", why, text)
    facts = [
        _fact("Injected", status.injected_at is not None, "Injected", why, "the fault took effect on every target"),
        _fact("EffectObserved", bool(effect), "SignalBreached", why, effect),
        recovered,
        _fact("Stalled", stalled, "UndoFails", "Progressing", "; ".join(f"{t.system}: {t.last_error}" for t in left)),
    ]
    return _apply(status.conditions, facts, generation=generation, now=now)


def incident_conditions(status: IncidentStatus, *, generation: int, now: datetime) -> list[Condition]:
    """Diagnosed, PlanProposed and Resolved; others stay as they are."""
    summary = status.diagnosis.summary if status.diagnosis else ""
    proposed = status.timestamps.plan_proposed_at is not None
    last_move = status.status_history[-1].reason if status.status_history else ""
    facts = [
        _fact("Diagnosed", status.diagnosis is not None, "Diagnosed", "NotDiagnosed", summary),
        _fact("PlanProposed", proposed, "PlanProposed", "NoPlan", status.plans[-1] if status.plans else ""),
        _Fact("Resolved", status.phase is IncidentPhase.RESOLVED, status.reason or status.phase or "Opened", last_move),
    ]
    return _apply(status.conditions, facts, generation=generation, now=now)


def plan_conditions(
    spec: RemediationPlanSpec, status: RemediationPlanStatus, *, generation: int, now: datetime
) -> list[Condition]:
    """Approved is Unknown until somebody decides, Succeeded until the plan has ended."""
    decision, why = status.decision, status.reason or "Proposed"
    done = {r.id for r in status.action_results if r.ended_at and r.succeeded}
    executed = not spec.dry_run and {a.id for a in spec.actions} <= done
    ended = status.phase is not None and status.phase.is_final
    if decision is not None:
        verdict = "Approved" if decision.approved else "Rejected"
        approved = _Fact("Approved", decision.approved, verdict, f"by {decision.by}")
    else:
        approved = _Fact("Approved", False if ended else None, why, status.message)
    progress = f"{len(done)} of {len(spec.actions)} actions succeeded"
    facts = [
        approved,
        _Fact("Executed", executed, "ActionsSucceeded" if executed else why, progress),
        _fact("Verified", status.verified_at is not None, "ChecksHeld", why, status.message),
        _Fact("Succeeded", status.phase is PlanPhase.SUCCEEDED if ended else None, why, status.message),
    ]
    return _apply(status.conditions, facts, generation=generation, now=now)


def _fact(type: str, holds: bool, reason: str, otherwise: str, message: str) -> _Fact:
    """A fact that has its own reason while it holds, and another while it does not."""
    return _Fact(type, holds, reason if holds else otherwise, message if holds else "")


def _apply(
    conditions: Sequence[Condition], facts: Sequence[_Fact], *, generation: int, now: datetime
) -> list[Condition]:
    found = list(conditions)
    for fact in facts:
        found = set_condition(
            found,
            fact.type,
            fact.holds,
            reason=fact.reason,
            message=fact.message[:4096],
            now=now,
            generation=generation,
        )
    return found
