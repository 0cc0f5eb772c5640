"""One action of an approved plan: observed, run, observed again, and on record before and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from incident_crds.action import Action
from incident_crds.errors import ApiError
from incident_crds.failpoint import Failpoint
from incident_crds.remediationplan import ActionResult, RemediationPlan, RemediationPlanStatus
from incident_operator.cluster.store import Store
from incident_operator.failpoints import reached
from incident_operator.services.catalogue import Remedies
from incident_operator.services.systems import Systems
from incident_operator.targets.errors import TargetError

WriteStatus = Callable[[RemediationPlan, RemediationPlanStatus], Awaitable[RemediationPlan]]

log = structlog.get_logger(__name__)


class Execution:
    """Runs actions. `write` is how the plan's owner writes its status."""

    def __init__(self, *, store: Store, systems: Systems, remedies: Remedies, write: WriteStatus) -> None:
        self._store = store
        self._systems = systems
        self._remedies = remedies
        self._write = write

    async def run(
        self, plan: RemediationPlan, action: Action, earlier: ActionResult | None
    ) -> tuple[RemediationPlan, ActionResult]:
        """The plan as written and the action's result. `earlier`: it was begun before, and its end is not known.

        Raises ApiError where nothing could be written: the action is looked at again later.
        """
        try:
            return await self._carry_out(plan, action, earlier)
        except ApiError:
            raise
        except TargetError as error:
            return await self._fail(plan, action, str(error))
        except Exception as error:
            # a bug in a remedy must not run it again and again
            log.exception("action failed", incident=plan.spec.incident_ref, action=action.type)
            return await self._fail(plan, action, f"a bug: {type(error).__name__}; see the log")

    async def _carry_out(
        self, plan: RemediationPlan, action: Action, earlier: ActionResult | None
    ) -> tuple[RemediationPlan, ActionResult]:
        remedy = self._remedies.get(action.type)
        key = (plan.metadata.namespace, action.system)
        target = await self._systems.target(key, is_open=remedy.needs is None)
        if earlier is None:
            before = await remedy.observe(target, action.params)
            earlier = ActionResult(id=action.id, type=action.type, started_at=datetime.now(UTC), before=before)
            plan = await self._write(plan, with_result(plan.status, earlier))
            resumed = False
        else:
            resumed = remedy.effect(earlier.before, await remedy.observe(target, action.params)) is None
        if plan.spec.dry_run:
            output = "dry run: nothing was changed"
        elif resumed:
            output = "was done before the operator restarted; its effect was found on the target"
        else:
            note = f"{plan.metadata.name}/{action.id}"
            reached(Failpoint.ACTION_STARTED, action.system, note)
            output = await remedy.execute(target, action.params)
            reached(Failpoint.ACTION_DONE, action.system, note)
        after = await remedy.observe(target, action.params)
        missing = None if plan.spec.dry_run else remedy.effect(earlier.before, after)
        result = earlier.model_copy(
            update={
                "ended_at": datetime.now(UTC),
                "succeeded": missing is None,
                "output": (output if missing is None else f"{output}; but {missing}")[:4096],
                "after": after,
            }
        )
        plan = await self._write(plan, with_result(plan.status, result))
        log.info("action ended", incident=plan.spec.incident_ref, action=action.type, succeeded=result.succeeded)
        return plan, result

    async def _fail(self, plan: RemediationPlan, action: Action, why: str) -> tuple[RemediationPlan, ActionResult]:
        plan = self._store.get(RemediationPlan, plan.key) or plan
        now = datetime.now(UTC)
        known = result_of(plan.status, action.id)
        result = known or ActionResult(id=action.id, type=action.type, started_at=now)
        result = result.model_copy(update={"ended_at": now, "succeeded": False, "output": why[:4096]})
        return await self._write(plan, with_result(plan.status, result)), result


def result_of(status: RemediationPlanStatus, action_id: str) -> ActionResult | None:
    """What is on record of the action, or None where it was not begun."""
    return next((r for r in status.action_results if r.id == action_id), None)


def with_result(status: RemediationPlanStatus, result: ActionResult) -> RemediationPlanStatus:
    """The status with one action's result replaced in its place, or added."""
    results = [result if r.id == result.id else r for r in status.action_results]
    if result not in results:
        results.append(result)
    return status.model_copy(update={"action_results": results})
