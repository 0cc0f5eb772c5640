"""Decisions on plans: the same annotation that kubectl writes, in the viewer's name, bound to the plan's hash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from pydantic import JsonValue

from incident_api.access.gate import Viewer
from incident_api.board.cards import Card
from incident_api.board.projection import escalation_of, execution_view
from incident_api.cluster.actors import Actors
from incident_api.cluster.mirror import Mirror
from incident_api.problems import Problem
from incident_api.writes.answers import Outcome
from incident_api.writes.incidents import DIAGNOSIS_SECONDS, Incidents
from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, REJECT_ANNOTATION, VIA_ANNOTATION
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import ApiError, Conflict
from incident_crds.incident import Incident, RequestAction
from incident_crds.remediationplan import PlanPhase, RemediationPlan

_TRIES = 20
VIA = "api"


class Decisions:
    """Each method acts in the viewer's name. Raises Problem and ApiError."""

    def __init__(self, *, actors: Actors, mirror: Mirror, incidents: Incidents, reply: timedelta) -> None:
        self._actors = actors
        self._mirror = mirror
        self._incidents = incidents
        self._reply = reply

    async def propose(self, viewer: Viewer, card: Card) -> Outcome | None:
        """Ask the agent for a plan; None where it has not come in time."""
        key = (card.namespace, card.name)
        known = {plan.metadata.name for plan in self._mirror.plans_of(key)}
        asked, is_done = await self._incidents.ask(viewer, card, RequestAction.PROPOSE)
        if not is_done:
            return None

        def look() -> RemediationPlan | str | None:
            plans = self._mirror.plans_of(key)
            new = [plan for plan in plans if plan.metadata.name not in known and plan.status.plan_hash]
            return new[-1] if new else self._escalation(asked)

        # plans come and go without a change of the incident, but the operator writes each into the incident's status
        found = await self._mirror.wait_for(Incident, key, look, DIAGNOSIS_SECONDS)
        match found:
            case RemediationPlan():
                return self._outcome(found)
            case None:
                return None
            case why:
                raise Problem("no-plan", f"the agent proposes nothing: {why}")

    def _escalation(self, asked: Incident) -> str | None:
        now = self._mirror.incidents.objects.get(asked.key)
        return escalation_of(now.status) if now is not None else "the incident is gone"

    async def approve(self, viewer: Viewer, card: Card, plan_hash: str) -> Outcome:
        """The plan runs, or Problem says why not. Of many at once one is taken."""
        return await self._decide(viewer, card, plan_hash, {APPROVE_ANNOTATION: plan_hash})

    async def reject(self, viewer: Viewer, card: Card, plan_hash: str, reason: str) -> Outcome:
        """The plan does not run, and a person is called."""
        return await self._decide(viewer, card, plan_hash, {REJECT_ANNOTATION: reason})

    async def _decide(self, viewer: Viewer, card: Card, plan_hash: str, note: dict[str, str]) -> Outcome:
        client = self._actors.acting_as(viewer.token)
        written = await self._annotate(client, viewer, card, plan_hash, note)

        def look() -> RemediationPlan | None:
            now = self._mirror.seen(written)
            if now is None:
                return None
            return now if now.status.phase is not PlanPhase.AWAITING_APPROVAL or not _is_asked(now) else None

        answered = await self._mirror.wait_for(RemediationPlan, written.key, look, self._reply)
        if answered is None:
            return self._outcome(written, is_done=False)
        decision = answered.status.decision
        if decision is None:
            why = answered.status.message if answered.status.phase is not PlanPhase.AWAITING_APPROVAL else ""
            refusal = why or await _latest_warning(client, answered)
            raise Problem("request-refused", refusal, current=self._current(answered))
        if decision.approved is not (APPROVE_ANNOTATION in note) or decision.by != viewer.identity.user:
            raise self._decided(answered)
        return self._outcome(answered)

    async def _annotate(
        self, client: ApiClient, viewer: Viewer, card: Card, plan_hash: str, note: dict[str, str]
    ) -> RemediationPlan:
        """Only on the plan as it was read, so that of many at once one is written."""
        for _ in range(_TRIES):
            plan = await client.get(RemediationPlan, card.namespace, card.name)
            self._refuse_undecidable(plan, plan_hash)
            stamps = {APPROVED_BY_ANNOTATION: viewer.identity.user, VIA_ANNOTATION: VIA}
            patch: dict[str, JsonValue] = {"metadata": {"uid": card.id, "annotations": {**note, **stamps}}}
            version = plan.metadata.resource_version
            try:
                return await client.patch(RemediationPlan, *plan.key, patch, resource_version=version)
            except Conflict:
                continue
        raise Problem("conflict", "the plan changes all the time: look at it, and try again")

    def _refuse_undecidable(self, plan: RemediationPlan, plan_hash: str) -> None:
        status = plan.status
        if status.phase in (None, PlanPhase.PROPOSED):
            raise Problem(
                "conflict", "the operator has not checked the plan yet: try again", current=self._current(plan)
            )
        if status.phase is not PlanPhase.AWAITING_APPROVAL or _is_asked(plan):
            raise self._decided(plan)
        if status.plan_hash != plan_hash:
            raise Problem(
                "wrong-plan-hash",
                "the hash that you sent is not this plan's: read the plan again, it may not be the one that you saw",
                current=self._current(plan),
            )

    def _decided(self, plan: RemediationPlan) -> Problem:
        decision = plan.status.decision
        by = f" by {decision.by}" if decision else ""
        phase = plan.status.phase
        state = "being decided on" if phase is PlanPhase.AWAITING_APPROVAL else str(phase)
        return Problem(
            "already-decided", f"the plan is {state}{by}: the first decision stands", current=self._current(plan)
        )

    def _outcome(self, plan: RemediationPlan, *, is_done: bool = True) -> Outcome:
        view = execution_view(plan, self._incident_id(plan))
        return Outcome(view.model_dump_json().encode(), plan.metadata.resource_version, is_done)

    def _current(self, plan: RemediationPlan) -> JsonValue:
        current: JsonValue = orjson.loads(execution_view(plan, self._incident_id(plan)).model_dump_json())
        return current

    def _incident_id(self, plan: RemediationPlan) -> str:
        incident = self._mirror.incidents.objects.get((plan.metadata.namespace, plan.spec.incident_ref))
        return incident.metadata.uid if incident else ""


def _is_asked(plan: RemediationPlan) -> bool:
    """A decision is written that the operator has not looked at."""
    notes = plan.metadata.annotations
    return APPROVE_ANNOTATION in notes or REJECT_ANNOTATION in notes


async def _latest_warning(client: ApiClient, plan: RemediationPlan) -> str:
    """Why the operator refused: it says so in an Event."""
    unknown = "the operator refused the decision; `kubectl describe` on the plan says why"
    query = {"fieldSelector": f"involvedObject.uid={plan.metadata.uid},type=Warning"}
    try:
        found = await client.request("GET", raw_path("v1", "events", plan.metadata.namespace), query=query)
    except ApiError:
        return unknown
    events: list[dict[str, Any]] = sorted(found.get("items") or [], key=lambda e: str(e.get("lastTimestamp") or ""))
    return str(events[-1].get("message")) if events else unknown
