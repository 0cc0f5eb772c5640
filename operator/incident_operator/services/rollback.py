"""Takes back what a plan did, the last action first: each once, proven by what the target shows afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import JsonValue

from incident_crds.action import Action
from incident_crds.errors import ApiError
from incident_crds.mocksystem import MockSystem
from incident_crds.remediationplan import ActionResult, ActionRollback, RemediationPlan
from incident_operator.cluster.store import Store
from incident_operator.domain.approval import is_replaced
from incident_operator.domain.rollback import actions_to_take_back
from incident_operator.services.catalogue import Remedies
from incident_operator.services.execution import WriteStatus, result_of, with_result
from incident_operator.services.systems import Systems
from incident_operator.targets.errors import TargetError, Unreachable

PATIENCE = timedelta(seconds=30)
"""How long a target that does not answer is waited for, from when the rollback began."""
LOOK_AGAIN = timedelta(seconds=1)

log = structlog.get_logger(__name__)


class Rollbacks:
    """Reverts actions. `write` is how the plan's owner writes its status."""

    def __init__(self, *, store: Store, systems: Systems, remedies: Remedies, write: WriteStatus) -> None:
        self._store = store
        self._systems = systems
        self._remedies = remedies
        self._write = write

    def is_due(self, plan: RemediationPlan) -> bool:
        """Whether it did anything that can be taken back."""
        return bool(actions_to_take_back(plan, self._remedies.reversible()))

    async def run(self, plan: RemediationPlan) -> tuple[RemediationPlan, timedelta | None]:
        """The plan as written, and when to go on, or None once every action was tried. Raises ApiError.

        One that cannot be taken back does not keep the others from it.
        """
        for action in actions_to_take_back(plan, self._remedies.reversible()):
            result = result_of(plan.status, action.id)
            if result is None or (result.rolled_back is not None and result.rolled_back.ended_at is not None):
                continue
            try:
                plan = await self._take_back(plan, action, result)
            except ApiError:
                raise
            except TargetError as error:
                if isinstance(error, Unreachable) and self._has_time(plan):
                    return plan, LOOK_AGAIN
                plan = await self._give_up(plan, action, str(error))
            except Exception as error:
                # a bug in a remedy must not run it again and again
                log.exception("action could not be taken back", incident=plan.spec.incident_ref, action=action.type)
                plan = await self._give_up(plan, action, f"a bug: {type(error).__name__}; see the log")
        return plan, None

    def _has_time(self, plan: RemediationPlan) -> bool:
        rollback = plan.status.rollback
        return rollback is not None and datetime.now(UTC) < rollback.started_at + PATIENCE

    async def _take_back(self, plan: RemediationPlan, action: Action, result: ActionResult) -> RemediationPlan:
        """Looked at first: after a restart it may be done already, and what somebody else changed since stays."""
        remedy, key = self._remedies.get(action.type), (plan.metadata.namespace, action.system)
        if is_replaced(plan, action.system, self._store.get(MockSystem, key)):
            return await self._give_up(plan, action, f"{action.system} is gone, or another system has its name")
        target = await self._systems.target(key, is_open=remedy.needs is None)
        found = await remedy.observe(target, action.params)
        if remedy.is_same(result.before, found):
            if result.rolled_back is None and not result.succeeded:
                return plan  # it failed before it changed anything
            return await self._end(plan, action, True, "it is as it was before the action", found)
        if result.rolled_back is None:
            started = result.model_copy(update={"rolled_back": ActionRollback(started_at=datetime.now(UTC))})
            plan = await self._write(plan, with_result(plan.status, started))
        is_ours = remedy.is_same(result.after, found) if result.after else remedy.effect(result.before, found) is None
        if not is_ours:
            text = "somebody changed it since the action, so it is left as it is"
            return await self._end(plan, action, False, text, found)
        done = await remedy.revert(target, action.params, result.before)
        found = await remedy.observe(target, action.params)
        is_back = remedy.is_same(result.before, found)
        text = done if is_back else f"{done}; but it is not as it was before the action"
        return await self._end(plan, action, is_back, text, found)

    async def _end(
        self, plan: RemediationPlan, action: Action, succeeded: bool, output: str, after: Mapping[str, JsonValue]
    ) -> RemediationPlan:
        result, now = result_of(plan.status, action.id), datetime.now(UTC)
        if result is None:
            raise RuntimeError(f"{action.id} has no result to take back")
        started_at = now if result.rolled_back is None else result.rolled_back.started_at
        rolled_back = ActionRollback(
            started_at=started_at, ended_at=now, succeeded=succeeded, output=output[:4096], after=dict(after)
        )
        log.info("action taken back", incident=plan.spec.incident_ref, action=action.type, succeeded=succeeded)
        return await self._write(plan, with_result(plan.status, result.model_copy(update={"rolled_back": rolled_back})))

    async def _give_up(self, plan: RemediationPlan, action: Action, why: str) -> RemediationPlan:
        plan = self._store.get(RemediationPlan, plan.key) or plan
        return await self._end(plan, action, False, why, {})
