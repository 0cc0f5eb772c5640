"""From a diagnosis to a plan, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from incident_crds.base import is_true
from incident_crds.catalogue import ActionType, Risk, SignalName
from incident_crds.incident import Incident, RemediationMode
from incident_crds.remediationplan import (
    PlanPhase,
    RemediationPlan,
    RemediationPlanSpec,
    VerificationCheck,
)
from incident_operator.domain.cascade import cause_found_at
from incident_operator.domain.lifecycle import HEALS_ITSELF
from incident_operator.domain.naming import plan_name
from incident_operator.domain.outages import outage_found_at
from incident_operator.domain.rollback import ROLLBACK_FAILED
from incident_operator.domain.verdict import Verdict

MAX_ATTEMPTS = 3
HIGHEST_ATTEMPT = 100
SELF_HEALING = timedelta(seconds=60)
"""Time that harm which is expected to end by itself gets for that, from its diagnosis on."""
COOL_DOWN = timedelta(seconds=10)
"""Time after a plan before the next is proposed, so that the evidence is of what it left."""
WORSE_THAN_BEFORE = "WorseThanBefore"
_USUAL_THRESHOLD = 50
_MOST_CHECKS = 16
_TRIED = (PlanPhase.SUCCEEDED, PlanPhase.FAILED, PlanPhase.ROLLED_BACK)
"""A proven plan counts too: its breach ends with a sample or two, or it was not the end of the incident."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Propose this attempt now, or look again at a time, or neither; `escalate` says why a person is needed."""

    propose_attempt: int | None = None
    look_at: datetime | None = None
    escalate: str | None = None


def wants_diagnosis(incident: Incident, plans: Sequence[RemediationPlan] = ()) -> bool:
    """Whether a diagnosis is due: in mode Manual, and where nothing real is behind it, only once a person asked.

    A consultation is such a question. `plans` are the incident's: while one is carried out, which may restart a system,
    no outage is a reason.
    """
    status = incident.status
    if status.diagnosis is None:
        is_due = status.actionable and incident.spec.remediation_mode is not RemediationMode.MANUAL
        return is_due or incident.is_consultation or status.diagnosis_asked_at is not None
    due = [status.diagnosis_asked_at]
    if incident.spec.remediation_mode is not RemediationMode.MANUAL:
        due.append(cause_found_at(incident))  # what was found before did not look there
        if not any(p.status.phase and p.status.phase.is_running for p in plans):
            due.append(outage_found_at(incident))
    since = max((at for at in due if at is not None), default=None)
    return since is not None and (status.evidence is None or status.evidence.collected_at < since)


def stands(incident: Incident, verdict: Verdict) -> bool:
    """Whether the diagnosis on record stands: it is made again for an outage alone, and the new one explains nothing.

    So it is where a system is too slow to be reached now and then.
    """
    status = incident.status
    if status.diagnosis is None or status.evidence is None or verdict.fault is not None:
        return False
    collected, others = status.evidence.collected_at, (status.diagnosis_asked_at, cause_found_at(incident))
    return all(at is None or at <= collected for at in others)


def current_plans(incident: Incident, plans: Sequence[RemediationPlan]) -> list[RemediationPlan]:
    """The plans made since the incident was opened or reopened; those of an earlier breach say nothing about it."""
    detected_at = incident.status.timestamps.detected_at
    if detected_at is None:
        return list(plans)
    return [p for p in plans if p.metadata.is_created_since(detected_at)]


def _unforgiven(incident: Incident, plans: Sequence[RemediationPlan], *, now: datetime) -> list[RemediationPlan]:
    """The plans that ended since a person last asked for one: what was rejected or failed before is forgiven."""
    asked_at = incident.status.proposal_asked_at
    return [p for p in plans if asked_at is None or _ended_at(p, now=now) > asked_at]


def decide_next_step(
    incident: Incident, plans: Sequence[RemediationPlan], *, is_taken: Callable[[str], bool], now: datetime
) -> NextStep:
    """Whether the operator should propose a plan for a diagnosed incident that is not resolved.

    Once a person is called it waits until one asks. `is_taken` tells whether a plan of the namespace has a name.
    """
    if incident.spec.remediation_mode is not RemediationMode.AUTOMATED or not incident.status.actionable:
        return NextStep()
    diagnosis = incident.status.diagnosis
    if diagnosis is None or is_true(incident.status.conditions, "Escalated"):
        return NextStep()
    harm = harm_done(incident, plans, now=now)
    if harm is not None:
        return NextStep(escalate=harm)
    current = _unforgiven(incident, current_plans(incident, plans), now=now)
    tried = _tried(current)
    if open_plan(incident, plans) is not None:
        return NextStep()
    ends = {p.status.phase for p in current}
    if PlanPhase.REJECTED in ends:
        return NextStep(escalate="a person rejected the plan; the operator proposes no other unasked")
    if PlanPhase.EXPIRED in ends:
        return NextStep(escalate="nobody decided on the plan in time")
    if len(tried) >= MAX_ATTEMPTS:
        return NextStep(escalate=f"{MAX_ATTEMPTS} plans did not end it")
    if diagnosis.root_cause.fault_type is None:
        return NextStep(escalate="the cause is undetermined, so no plan is proposed")
    healed_by = (incident.status.timestamps.diagnosed_at or now) + SELF_HEALING
    if diagnosis.root_cause.fault_type in HEALS_ITSELF and not tried and now < healed_by:
        return NextStep(look_at=healed_by)
    last_end = max((_ended_at(p, now=now) for p in tried), default=None)
    if last_end is not None and now < last_end + COOL_DOWN:
        return NextStep(look_at=last_end + COOL_DOWN)
    attempt = next(n for n in count(1) if not is_taken(plan_name(incident.metadata.name, n)))
    if attempt > HIGHEST_ATTEMPT:
        return NextStep(escalate=f"{HIGHEST_ATTEMPT} plans were made for it already")
    return NextStep(propose_attempt=attempt)


def harm_done(incident: Incident, plans: Sequence[RemediationPlan], *, now: datetime) -> str | None:
    """Why a person has to know before anything else happens, as a plan did harm; None where none did.

    Also where another plan waits, for whoever decides on it, and while the cause is looked for again.
    """
    if incident.spec.remediation_mode is not RemediationMode.AUTOMATED or not incident.status.actionable:
        return None
    tried = _tried(_unforgiven(incident, current_plans(incident, plans), now=now))
    worse = next((p for p in tried if _calls_a_person(p)), None)
    if worse is None:
        return None
    did = "made it worse" if worse.status.reason == WORSE_THAN_BEFORE else "had to be taken back"
    return f"{worse.metadata.name} {did}: {worse.status.message}"


def _tried(plans: Sequence[RemediationPlan]) -> list[RemediationPlan]:
    return [p for p in plans if p.status.phase in _TRIED and (p.status.decision or p.status.action_results)]


def _calls_a_person(plan: RemediationPlan) -> bool:
    """After a plan that did harm, or that was taken back or could not be, no other is tried unasked."""
    return plan.status.phase is PlanPhase.ROLLED_BACK or plan.status.reason in (WORSE_THAN_BEFORE, ROLLBACK_FAILED)


def open_plan(incident: Incident, plans: Sequence[RemediationPlan]) -> str | None:
    """The name of the plan that has to end before the operator proposes another."""
    return next((plan.metadata.name for plan in plans if _is_in_the_way(incident, plan)), None)


def _is_in_the_way(incident: Incident, plan: RemediationPlan) -> bool:
    """A plan that goes on: ours, or somebody's that was decided on. Others' proposals keep nobody from proposing."""
    if plan.status.phase is not None and plan.status.phase.is_final:
        return False
    is_ours = plan.metadata.name == plan_name(incident.metadata.name, plan.spec.attempt)
    return is_ours or plan.status.decision is not None


def _ended_at(plan: RemediationPlan, *, now: datetime) -> datetime:
    times = [c.last_transition_time for c in plan.status.conditions]
    times += [r.ended_at for r in plan.status.action_results if r.ended_at]
    return max(times, default=plan.metadata.creation_timestamp or now)


def build_plan_spec(
    incident: Incident,
    verdict: Verdict,
    *,
    attempt: int,
    author: str,
    risks: Mapping[ActionType, Risk],
    reversible: Collection[ActionType],
    broken: Mapping[str, Collection[SignalName]],
    min_health: Mapping[str, int],
    hold: timedelta,
) -> RemediationPlanSpec:
    """The plan for a verdict: its actions, and checks of the breached signals and of the canary, on every system.

    `broken` are the signals that broke under the incident by system; `min_health` are the systems' thresholds.
    Raises ValueError where the verdict has no action: then there must be no plan.
    """
    if not verdict.actions:
        raise ValueError("a verdict without an action makes no plan")
    drafts = [draft.to_action(n) for n, draft in enumerate(verdict.actions, start=1)]
    actions = [a.model_copy(update={"risk": risks[a.type], "reversible": a.type in reversible}) for a in drafts]
    checks = [
        VerificationCheck(
            system=system,
            signal=signal,
            min_health=min_health.get(system, _USUAL_THRESHOLD),
            hold_seconds=int(hold.total_seconds()),
        )
        for system, signals in _to_verify(incident, verdict, broken)
        for signal in signals
    ][:_MOST_CHECKS]
    return RemediationPlanSpec(
        incident_ref=incident.metadata.name,
        attempt=attempt,
        author=author,
        analysis=verdict.summary,
        reasoning=verdict.reasoning or verdict.solution,
        actions=actions,
        verification=checks,
    )


def _to_verify(
    incident: Incident, verdict: Verdict, broken: Mapping[str, Collection[SignalName]]
) -> list[tuple[str, list[SignalName]]]:
    """The signals to verify on each system, the cause's first. An answering canary shows that it is reachable."""
    # the incident's own list may hold signals of systems that had joined it before it was opened again
    owner, found = verdict.system, {verdict.system: [*(broken.get(verdict.system) or incident.status.signals)]}
    if incident.status.joined:
        owner = incident.systems[0]
        found = {n: [*broken.get(n, ())] for n in dict.fromkeys([verdict.system, *incident.systems])}
    wanted = {n: {*signals, SignalName.CANARY} - {SignalName.REACHABLE} for n, signals in found.items()}
    if incident.spec.signal is not None:
        wanted[owner].add(incident.spec.signal)
    return [(n, sorted(signals)) for n, signals in wanted.items()]
