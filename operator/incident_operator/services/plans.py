"""RemediationPlans: checked, put to a person, executed once, verified."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, VIA_ANNOTATION
from incident_crds.failpoint import Failpoint
from incident_crds.incident import Incident
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import Decision, PlanPhase, RemediationPlan, RemediationPlanStatus, Rollback
from incident_operator import metrics
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.store import Key, Store
from incident_operator.domain.approval import (
    Refusal,
    check_proposal,
    compute_plan_hash,
    decide_approval,
    highest_risk,
    is_replaced,
    late_request,
    pin_changed,
    pin_targets,
)
from incident_operator.domain.conditions import plan_conditions
from incident_operator.domain.planning import WORSE_THAN_BEFORE
from incident_operator.domain.rollback import decide_rollback_end, got_better
from incident_operator.domain.verification import VerificationState, decide_verification, measure_checks
from incident_operator.failpoints import reached
from incident_operator.services.catalogue import Remedies
from incident_operator.services.execution import Execution, result_of
from incident_operator.services.rollback import Rollbacks
from incident_operator.services.samples import Samples
from incident_operator.services.systems import Systems

SAMPLES_KEPT = 60

log = structlog.get_logger(__name__)


class Plans:
    """Owns the status of RemediationPlans, and is the only one that executes remedies."""

    def __init__(
        self, *, store: Store, builtin: Builtin, systems: Systems, samples: Samples, remedies: Remedies
    ) -> None:
        self._store = store
        self._builtin = builtin
        self._systems = systems
        self._samples = samples
        self._remedies = remedies
        self._execution = Execution(store=store, systems=systems, remedies=remedies, write=self._write)
        self._rollbacks = Rollbacks(store=store, systems=systems, remedies=remedies, write=self._write)
        self._watched_since = datetime.now(UTC)
        self._deciding = asyncio.Lock()

    async def reconcile(self, key: Key) -> timedelta | None:
        """One step of the plan; the write of each step brings the next."""
        plan = self._store.get(RemediationPlan, key)
        if plan is None or plan.metadata.deletion_timestamp is not None:
            return None
        late = late_request(plan)
        if late is not None:
            await self._refuse_request(plan, late)
            return None
        match plan.status.phase:
            case None | PlanPhase.PROPOSED:
                await self._propose(plan)
            case PlanPhase.AWAITING_APPROVAL:
                return await self._await_approval(plan)
            case PlanPhase.EXECUTING | PlanPhase.VERIFYING if plan.status.rollback is not None:
                return await self._take_back(plan)
            case PlanPhase.APPROVED | PlanPhase.EXECUTING:
                await self._execute(plan)
            case PlanPhase.VERIFYING:
                return await self._verify(plan)
            case _:
                return None
        return None

    def _incident(self, plan: RemediationPlan) -> Incident | None:
        return self._store.get(Incident, (plan.metadata.namespace, plan.spec.incident_ref))

    def _systems_by_name(self, plan: RemediationPlan) -> dict[str, MockSystem]:
        return {s.metadata.name: s for s in self._store.list_all(MockSystem, plan.metadata.namespace)}

    async def _write(self, plan: RemediationPlan, status: RemediationPlanStatus) -> RemediationPlan:
        """The status with the conditions that follow from it."""
        conditions = plan_conditions(plan.spec, status, generation=plan.metadata.generation, now=datetime.now(UTC))
        return await self._store.write_status(plan, status.model_copy(update={"conditions": conditions}))

    async def _propose(self, plan: RemediationPlan) -> None:
        """Refuse it, or pin the systems as they are, hash it, and put it to a person."""
        _reached(Failpoint.PLAN_PROPOSED, plan)
        systems = self._systems_by_name(plan)
        refusal = check_proposal(plan, self._incident(plan), systems)
        if refusal is not None:
            await self._end(plan, PlanPhase.FAILED, refusal)
            return
        targets = pin_targets(plan.spec, systems)
        now = datetime.now(UTC)
        risks = self._remedies.risks()
        status = plan.status.model_copy(
            update={
                "phase": PlanPhase.AWAITING_APPROVAL,
                "reason": "AwaitingApproval",
                "message": "a person has to approve or reject it",
                "risk": highest_risk([r for a in plan.spec.actions for r in (a.risk, risks[a.type])]),
                "actions": ", ".join(action.type for action in plan.spec.actions),
                "plan_hash": compute_plan_hash(plan.spec, targets),
                "targets": targets,
                "expires_at": now + timedelta(seconds=plan.spec.expires_after_seconds),
                "observed_generation": plan.metadata.generation,
            }
        )
        written = await self._write(plan, status)
        message = f"awaits approval of hash {status.plan_hash}, risk {status.risk}"
        _reached(Failpoint.PLAN_AWAITING, plan)
        await self._builtin.record_event(written, "AwaitingApproval", message)
        log.info("plan awaits approval", incident=plan.spec.incident_ref, hash=status.plan_hash, risk=status.risk)

    async def _await_approval(self, plan: RemediationPlan) -> timedelta | None:
        async with self._deciding:  # two plans at once would both find that no other runs
            return await self._look_for_decision(plan)

    async def _look_for_decision(self, plan: RemediationPlan) -> timedelta | None:
        now = datetime.now(UTC)
        others = self._store.plans_of(plan.metadata.namespace, plan.spec.incident_ref)
        running = next((p.metadata.name for p in others if p.status.phase and p.status.phase.is_running), None)
        verdict = decide_approval(plan, self._incident(plan), self._systems_by_name(plan), running=running, now=now)
        if verdict.ends is not None:
            phase, refusal = verdict.ends
            if APPROVE_ANNOTATION in plan.metadata.annotations:
                await self._builtin.record_event(plan, refusal.reason, refusal.message, warning=True)
            await self._end(plan, phase, refusal)
        elif verdict.refused_request is not None:
            await self._refuse_request(plan, verdict.refused_request)
        elif verdict.decision is not None:
            await self._decide(plan, verdict.decision)
        else:
            return None if plan.status.expires_at is None else plan.status.expires_at - now
        return None

    async def _decide(self, plan: RemediationPlan, decision: Decision) -> None:
        """Write the decision first, guarded by the version that it was read from; then take the request away."""
        reason = "Approved" if decision.approved else "Rejected"
        message = f"{reason.lower()} by {decision.by}" + (f": {decision.reason}" if decision.reason else "")
        status = plan.status.model_copy(
            update={
                "phase": PlanPhase.APPROVED if decision.approved else PlanPhase.REJECTED,
                "reason": reason,
                "message": message,
                "decision": decision,
            }
        )
        written = await self._write(plan, status)
        log.info("plan decided", incident=plan.spec.incident_ref, decision=reason, by=decision.by)
        _reached(Failpoint.PLAN_APPROVED, plan)
        await self._clear_request(written)
        await self._builtin.record_event(written, reason, message)

    async def _refuse_request(self, plan: RemediationPlan, refusal: Refusal) -> None:
        """Cleared first: a decision that came meanwhile is a Conflict then, and is looked at in its turn."""
        await self._clear_request(plan)
        metrics.PLAN_DECISIONS.labels("refused").inc()
        await self._builtin.record_event(plan, refusal.reason, refusal.message, warning=True)

    async def _clear_request(self, plan: RemediationPlan) -> None:
        """Take the request's annotations away, so that none can be replayed."""
        parts = {APPROVE_ANNOTATION, REJECT_ANNOTATION, APPROVED_BY_ANNOTATION, VIA_ANNOTATION}
        asked = parts & plan.metadata.annotations.keys()
        if asked:
            await self._store.annotate(plan, dict.fromkeys(sorted(asked)))

    async def _end(
        self,
        plan: RemediationPlan,
        phase: PlanPhase,
        refusal: Refusal,
        *,
        status: RemediationPlanStatus | None = None,
    ) -> None:
        """End it in one write. `status` carries what else the same write has to hold."""
        status = (status or plan.status).model_copy(
            update={
                "phase": phase,
                "reason": refusal.reason,
                "message": refusal.message[:4096],
                "observed_generation": plan.metadata.generation,
            }
        )
        written = await self._write(plan, status)
        log.info("plan ended", incident=plan.spec.incident_ref, phase=phase, reason=refusal.reason)
        warning = phase in (PlanPhase.FAILED, PlanPhase.ROLLED_BACK)
        await self._builtin.record_event(written, refusal.reason, refusal.message, warning=warning)

    async def _fail(
        self,
        plan: RemediationPlan,
        refusal: Refusal,
        *,
        status: RemediationPlanStatus | None = None,
        is_kept: bool = False,
    ) -> None:
        """End it as failed; where it did what can be taken back, decide to do so first, unless that `is_kept`."""
        if is_kept or not self._rollbacks.is_due(plan):
            await self._end(plan, PlanPhase.FAILED, refusal, status=status)
            return
        message = refusal.message[:4096]
        rollback = Rollback(started_at=datetime.now(UTC), reason=refusal.reason, message=message)
        change = {"rollback": rollback, "reason": "RollingBack", "message": message}
        written = await self._write(plan, (status or plan.status).model_copy(update=change))
        log.info("plan is taken back", incident=plan.spec.incident_ref, reason=refusal.reason)
        await self._builtin.record_event(written, "RollingBack", f"what can be is taken back: {message}", warning=True)

    async def _take_back(self, plan: RemediationPlan) -> timedelta | None:
        plan, wait = await self._rollbacks.run(plan)
        if wait is None:
            await self._end(plan, *decide_rollback_end(plan))
        return wait

    async def _execute(self, plan: RemediationPlan) -> None:
        """Run what has not ended yet. What was started and not ended is looked at before it is run again."""
        if pin_changed(plan, self._systems_by_name(plan)):
            refusal = Refusal("TargetChanged", "a system changed after the plan was approved; nothing more was run")
            await self._end(plan, PlanPhase.SUPERSEDED, refusal)
            return
        if plan.status.phase is PlanPhase.APPROVED:
            latest = [self._samples.latest((plan.metadata.namespace, name)) for name in _checked_systems(plan)]
            before = measure_checks(plan.spec.verification, [s for s in latest if s is not None])
            claimed = plan.status.model_copy(
                update={
                    "phase": PlanPhase.EXECUTING,
                    "reason": "Executing",
                    "message": "its actions run",
                    "before": before,
                }
            )
            plan = await self._write(plan, claimed)
        for action in plan.spec.actions:
            result = result_of(plan.status, action.id)
            if result is not None and result.ended_at is not None and result.succeeded:
                continue
            if result is not None and result.ended_at is not None:  # the process ended before it could say so
                await self._fail(plan, Refusal("ActionFailed", f"{action.id}: {result.output}"))
                return
            stopped = check_proposal(plan, self._incident(plan), self._systems_by_name(plan))
            if stopped is not None:  # somebody closed the incident, or took the agent off it
                await self._end(plan, PlanPhase.SUPERSEDED, stopped)
                return
            plan, result = await self._execution.run(plan, action, result)
            if not result.succeeded:
                await self._fail(plan, Refusal("ActionFailed", f"{action.id}: {result.output}"))
                return
        verifying = plan.status.model_copy(
            update={
                "phase": PlanPhase.VERIFYING,
                "reason": "Verifying",
                "message": "its actions are done; the recovery is being proved",
                "verification_started_at": datetime.now(UTC),
            }
        )
        await self._write(plan, verifying)
        _reached(Failpoint.PLAN_VERIFYING, plan)
        self._request_samples(plan)

    def _request_samples(self, plan: RemediationPlan) -> None:
        for name in _checked_systems(plan):
            self._systems.request_sample((plan.metadata.namespace, name))

    async def _verify(self, plan: RemediationPlan) -> timedelta | None:
        now = datetime.now(UTC)
        started = plan.status.verification_started_at or now
        names = _checked_systems(plan)
        samples = [s for n in names for s in self._samples.since((plan.metadata.namespace, n), started)]
        samples.sort(key=lambda s: s.at)
        if plan.spec.dry_run:
            await self._end(plan, PlanPhase.SUCCEEDED, Refusal("DryRun", "dry run: nothing was changed or proved"))
            return None
        found = self._systems_by_name(plan)
        gone = [name for name in names if is_replaced(plan, name, found.get(name))]
        if gone:  # one that is not there any more is not healed, nor is another of its name
            refusal = Refusal(
                "TargetChanged", f"{', '.join(gone)}: gone or replaced while the recovery was being proved"
            )
            await self._end(plan, PlanPhase.SUPERSEDED, refusal)
            return None
        outcome = decide_verification(
            plan.spec.verification,
            samples,
            before=plan.status.before,
            started_at=started,
            watched_since=self._watched_since,
            now=now,
        )
        status = plan.status.model_copy(
            update={
                "message": outcome.message,
                "held_since": outcome.held_since,
                "verification_samples": list(outcome.samples)[-SAMPLES_KEPT:],
                "verified_at": outcome.verified_at,
            }
        )
        if outcome.state is VerificationState.PROVEN:
            await self._end(plan, PlanPhase.SUCCEEDED, Refusal("Verified", outcome.message), status=status)
        elif outcome.state is VerificationState.WORSE:
            await self._fail(plan, Refusal(WORSE_THAN_BEFORE, outcome.message), status=status)
        elif outcome.state is VerificationState.TIMED_OUT:
            is_kept = got_better(plan.status.before, outcome.samples)
            await self._fail(plan, Refusal("NotHealthy", outcome.message), status=status, is_kept=is_kept)
        else:
            if status.held_since != plan.status.held_since:
                await self._write(plan, status)
            if outcome.next_look is not None:
                wait = outcome.next_look - now
                if wait <= timedelta(0):
                    self._request_samples(plan)  # the window is over: one more sample decides
                    return timedelta(seconds=0.25)
                return wait
        return None


def _checked_systems(plan: RemediationPlan) -> list[str]:
    return sorted({check.system for check in plan.spec.verification})


def _reached(point: Failpoint, plan: RemediationPlan) -> None:
    for system in {action.system for action in plan.spec.actions}:
        reached(point, system, plan.metadata.name)
