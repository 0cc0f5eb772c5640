"""Taking back what a plan did: which of its actions, in which order, and what that makes of the plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from incident_crds.action import Action
from incident_crds.catalogue import ActionType
from incident_crds.remediationplan import ActionResult, PlanPhase, RemediationPlan, VerificationSample
from incident_operator.domain.approval import Refusal
from incident_operator.domain.verification import WORSE_POINTS

ROLLBACK_FAILED = "RollbackFailed"


def actions_to_take_back(plan: RemediationPlan, reversible: Collection[ActionType]) -> list[Action]:
    """The reversible actions that were begun, the last first. One that failed is among them: half of it may be done."""
    if plan.spec.dry_run:
        return []
    begun = {r.id for r in plan.status.action_results if r.before}
    return [a for a in reversed(plan.spec.actions) if a.id in begun and a.type in reversible]


def decide_rollback_end(plan: RemediationPlan) -> tuple[PlanPhase, Refusal]:
    """What the plan is once all that can be taken back was tried. Nothing to take back is a plan that failed."""
    rollback = plan.status.rollback
    why = Refusal("RolledBack", "") if rollback is None else Refusal(rollback.reason, rollback.message)
    taken = [(r, r.rolled_back) for r in plan.status.action_results if r.rolled_back is not None]
    if not taken:
        return PlanPhase.FAILED, why
    stuck = [f"{r.id}: {back.output}" for r, back in taken if not back.succeeded]
    if stuck:
        text = f"{why.message}; it could not be taken back, so a person has to look: {'; '.join(stuck)}"
        return PlanPhase.FAILED, Refusal(ROLLBACK_FAILED, text)
    text = f"{why.message}; taken back: {', '.join(sorted(r.id for r, _ in taken))}"
    kept = _kept(plan.status.action_results)
    return PlanPhase.ROLLED_BACK, Refusal(why.reason, f"{text}; left as done: {kept}" if kept else text)


def _kept(results: Sequence[ActionResult]) -> str:
    return ", ".join(f"{r.id} ({r.type})" for r in results if r.succeeded and r.rolled_back is None)


def got_better(before: Sequence[VerificationSample], samples: Sequence[VerificationSample]) -> bool:
    """Whether a check's latest sample is clearly better than before the plan: then what it did is worth keeping."""
    for old in before:
        latest = next((s for s in reversed(samples) if s.system == old.system and s.signal == old.signal), None)
        if latest is None or latest.health is None:
            continue
        if (latest.ok and not old.ok) or latest.health > (old.health or 0) + WORSE_POINTS:
            return True
    return False
