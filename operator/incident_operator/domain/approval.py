"""May this plan run? The checks before it is proposed, and the decision on it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import orjson

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, VIA_ANNOTATION
from incident_crds.catalogue import Risk, SignalName
from incident_crds.incident import Incident, IncidentPhase, IncidentType, Relation, RemediationMode
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import (
    Decision,
    PinnedTarget,
    PlanPhase,
    RemediationPlan,
    RemediationPlanSpec,
)
from incident_operator.domain.cascade import cause_found_at
from incident_operator.domain.outages import is_operators, misses_outage, outlives_outage

LONGEST_REASON = 4096
DOORS = ("kubectl", "board", "api", "plugin")
_RISK_ORDER = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is refused: for programs, and for people."""

    reason: str
    message: str


def compute_plan_hash(spec: RemediationPlanSpec, targets: Sequence[PinnedTarget]) -> str:
    """Sixteen hex digits of the SHA-256 over the spec and the systems as they were, as canonical JSON."""
    document = {"spec": spec.to_json(), "targets": [t.to_json() for t in targets]}
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def highest_risk(risks: Collection[Risk]) -> Risk:
    """The highest of the risks."""
    return max(risks, key=_RISK_ORDER.index)


def is_actionable(incident: Incident, known_systems: Collection[str]) -> bool:
    """Something real, on systems that are known."""
    affected = incident.spec.affected_systems
    return (
        incident.spec.incident_type is IncidentType.REAL_SYSTEM
        and bool(affected)
        and all(name in known_systems for name in affected)
    )


def check_proposal(
    plan: RemediationPlan, incident: Incident | None, systems: Mapping[str, MockSystem]
) -> Refusal | None:
    """Why the plan may not even be put to a person, or None where it may."""
    spec = plan.spec
    if incident is None:
        return Refusal("IncidentNotFound", f"incident {spec.incident_ref} does not exist in this namespace")
    if incident.status.phase is IncidentPhase.RESOLVED:
        return Refusal("IncidentResolved", f"incident {spec.incident_ref} is resolved already")
    if not is_actionable(incident, systems.keys()):
        return Refusal("NotActionable", f"incident {spec.incident_ref} is not about a real, known system")
    if incident.spec.remediation_mode is not RemediationMode.AUTOMATED:
        return Refusal("ModeForbids", f"the incident's remediation mode is {incident.spec.remediation_mode}")
    return _check_actions(spec, incident, systems) or _check_verification(spec, incident, systems)


def _check_actions(spec: RemediationPlanSpec, incident: Incident, systems: Mapping[str, MockSystem]) -> Refusal | None:
    if not spec.actions:
        return Refusal("NoValidAction", "the plan has no action")
    for action in spec.actions:
        if action.system not in incident.systems or action.system not in systems:
            return Refusal(
                "TargetNotAffected",
                f"action {action.id} targets {action.system}, which the incident does not affect",
            )
        if action.type not in systems[action.system].status.capabilities.remedies:
            return Refusal("NoValidAction", f"{action.type} cannot be done on {action.system}")
    return None


def _check_verification(
    spec: RemediationPlanSpec, incident: Incident, systems: Mapping[str, MockSystem]
) -> Refusal | None:
    checked = {check.signal for check in spec.verification}
    needed = {SignalName.CANARY} | ({incident.spec.signal} if incident.spec.signal else set())
    missing = needed - checked
    if missing:
        return Refusal("VerificationIncomplete", f"the plan does not verify {', '.join(sorted(missing))}")
    for check in spec.verification:
        if check.system not in incident.systems or check.system not in systems:
            return Refusal("VerificationIncomplete", f"{check.system} is verified but not affected")
        threshold = systems[check.system].spec.health.threshold_percent
        if check.min_health < threshold:
            text = (
                f"{check.system}/{check.signal} is verified at minHealth {check.min_health}, which is below the "
                f"system's threshold: set it to {threshold} or more"
            )
            return Refusal("VerificationTooLow", text)
    return None


def pin_targets(spec: RemediationPlanSpec, systems: Mapping[str, MockSystem]) -> list[PinnedTarget]:
    """The systems that the plan acts on, as they are now, by name."""
    return [
        PinnedTarget(system=name, uid=systems[name].metadata.uid, generation=systems[name].metadata.generation)
        for name in sorted({action.system for action in spec.actions})
    ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a plan that awaits approval. Exactly one is set, or none to go on waiting."""

    decision: Decision | None = None
    ends: tuple[PlanPhase, Refusal] | None = None
    refused_request: Refusal | None = None


def decide_approval(
    plan: RemediationPlan,
    incident: Incident | None,
    systems: Mapping[str, MockSystem],
    *,
    running: str | None,
    now: datetime,
) -> Verdict:
    """First what makes the plan void, then what a person decided. A rejection beats an approval.

    `running` is the incident's plan that is being carried out, if any: two at once would not know of each other.
    """
    void = _why_void(plan, incident, systems, now=now)
    if void is not None:
        return Verdict(ends=void)
    notes = plan.metadata.annotations
    approve, reject = notes.get(APPROVE_ANNOTATION), notes.get(REJECT_ANNOTATION)
    if approve is None and reject is None:
        return Verdict()
    author = notes.get(APPROVED_BY_ANNOTATION, "")
    if not author:
        message = f"the decision names nobody: set {APPROVED_BY_ANNOTATION} to your user name as well"
        return Verdict(refused_request=Refusal("ApproverUnknown", message))
    if reject is not None:
        why = reject[:LONGEST_REASON] or "no reason given"
        return Verdict(decision=Decision(approved=False, by=author, via=_door(notes), at=now, reason=why))
    if approve != plan.status.plan_hash:
        message = f"{author} approved {approve!r}, but this plan's hash is {plan.status.plan_hash}; nothing was run"
        return Verdict(refused_request=Refusal("WrongPlanHash", message))
    if running is not None:
        message = f"{author} approved it while {running} is being carried out: approve it again once that has ended"
        return Verdict(refused_request=Refusal("AnotherPlanRuns", message))
    return Verdict(decision=Decision(approved=True, by=author, via=_door(notes), at=now, plan_hash=approve))


def _door(notes: Mapping[str, str]) -> str:
    said = notes.get(VIA_ANNOTATION)
    return said if said in DOORS else "annotation"


def _why_void(
    plan: RemediationPlan, incident: Incident | None, systems: Mapping[str, MockSystem], *, now: datetime
) -> tuple[PlanPhase, Refusal] | None:
    if plan.status.expires_at is not None and now >= plan.status.expires_at:
        return PlanPhase.EXPIRED, Refusal("Expired", "nobody approved it in time; ask for another plan")
    if incident is None or incident.status.phase is IncidentPhase.RESOLVED:
        return PlanPhase.SUPERSEDED, Refusal("IncidentResolved", "the incident ended without this plan")
    if pin_changed(plan, systems):
        return PlanPhase.SUPERSEDED, Refusal("TargetChanged", "a system changed after the plan was proposed")
    refusal = check_proposal(plan, incident, systems)  # as the incident is now: its mode may have been changed
    if refusal is not None:
        return PlanPhase.SUPERSEDED, refusal
    detected_at = incident.status.timestamps.detected_at
    if detected_at is not None and not plan.metadata.is_created_since(detected_at):
        return PlanPhase.SUPERSEDED, Refusal("IncidentReopened", "the plan was made for an earlier breach")
    if _misses_cause(plan, incident):
        text = "a system that the incident's own depends on broke, too: the cause is there, and the plan is not"
        return PlanPhase.SUPERSEDED, Refusal("CauseElsewhere", text)
    if misses_outage(plan, incident):
        text = "a system of the incident went down after the plan was made, and the plan does not restart it"
        return PlanPhase.SUPERSEDED, Refusal("SystemUnreachable", text)
    if outlives_outage(plan, incident, systems):
        text = "the system answers again without the restart, and is unwell in another way"
        return PlanPhase.SUPERSEDED, Refusal("SystemBack", text)
    return None


def _misses_cause(plan: RemediationPlan, incident: Incident) -> bool:
    """Whether it is our own plan, and was made before a system joined in which the cause is."""
    status, found_at = incident.status, cause_found_at(incident)
    if found_at is None or status.diagnosis is None or status.evidence is None or not is_operators(plan, incident):
        return False
    causes = {status.diagnosis.root_cause.system}
    if status.evidence.collected_at < found_at:  # it is diagnosed anew in a moment
        causes = {joined.system for joined in status.joined if joined.relation is Relation.CAUSE}
    return not causes & {action.system for action in plan.spec.actions}


def pin_changed(plan: RemediationPlan, systems: Mapping[str, MockSystem]) -> bool:
    """Whether a system is no longer the one that the plan was made for."""
    for pinned in plan.status.targets:
        system = systems.get(pinned.system)
        if system is None or system.metadata.uid != pinned.uid or system.metadata.generation != pinned.generation:
            return True
    return False


def is_replaced(plan: RemediationPlan, name: str, system: MockSystem | None) -> bool:
    """Whether the system of this name is gone, on its way out, or another than the one that the plan was made for."""
    pinned = next((p for p in plan.status.targets if p.system == name), None)
    if system is None or system.metadata.deletion_timestamp is not None:
        return True
    return pinned is not None and system.metadata.uid != pinned.uid


def late_request(plan: RemediationPlan) -> Refusal | None:
    """The answer to an annotation on a plan that is past deciding; None where there is no annotation."""
    notes, phase = plan.metadata.annotations, plan.status.phase
    if APPROVE_ANNOTATION not in notes and REJECT_ANNOTATION not in notes:
        return None
    match phase:
        case None | PlanPhase.PROPOSED | PlanPhase.AWAITING_APPROVAL:
            return None
        case (
            PlanPhase.APPROVED
            | PlanPhase.EXECUTING
            | PlanPhase.VERIFYING
            | PlanPhase.SUCCEEDED
            | PlanPhase.FAILED
            | PlanPhase.ROLLED_BACK
            | PlanPhase.REJECTED
            | PlanPhase.EXPIRED
            | PlanPhase.SUPERSEDED
        ):
            if plan.status.decision is None:
                return Refusal("AlreadyDecided", f"the plan is {phase} without a decision, and takes none any more")
            by = plan.status.decision.by
            return Refusal("AlreadyDecided", f"the plan is {phase}, decided by {by}; the first decision stands")
        case _:
            assert_never(phase)
