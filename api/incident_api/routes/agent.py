"""The agent: its diagnosis of an incident, its plans, and the decisions on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from incident_api.board.projection import analysis_view, incident_view
from incident_api.board.queries import Query as ListQuery
from incident_api.board.scope import Topic
from incident_api.board.views import Analysis, ExecutionView, IncidentView
from incident_api.board.words import ExecutionStatusName
from incident_api.problems import Problem
from incident_api.routes.answers import card_response, object_response
from incident_api.routes.bodies import Approval, Consultation, Rejection
from incident_api.routes.dependencies import EVERYWHERE, WRITES, IncidentId, PartsDep, ViewerDep, problems
from incident_api.routes.incidents import LISTED
from incident_api.writes.answers import Outcome
from incident_api.writes.consultations import build_consultation

router = APIRouter(tags=["agent"], responses=EVERYWHERE)

ExecutionId = Annotated[str, Path(description="The plan's id or name.", max_length=253)]
DECIDED = {
    **WRITES,
    **problems("not-found", "ambiguous-name", "conflict", "already-decided", "wrong-plan-hash", "request-refused"),
    202: {"model": ExecutionView, "description": "Written; the operator has not acted on it yet."},
}
ASKED = {**WRITES, **problems("not-found", "ambiguous-name", "conflict", "request-refused")}


@router.post(
    "/incidents/{id}/analyze",
    response_model=Analysis,
    responses={**ASKED, 202: {"model": IncidentView, "description": "Asked; the diagnosis is not there yet."}},
)
async def analyze(parts: PartsDep, viewer: ViewerDep, id: IncidentId) -> Response:
    """Diagnose it anew, from evidence that is read now: by a model where there is a key, else by rules."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    incident, is_done = await parts.incidents.analyze(viewer, card)
    version = incident.metadata.resource_version
    if not is_done or incident.status.diagnosis is None:
        return object_response(Outcome(incident_view(incident).model_dump_json().encode(), version, is_done=False))
    return object_response(Outcome(analysis_view(incident.status.diagnosis).model_dump_json().encode(), version))


@router.post(
    "/agent/analyze/{id}",
    status_code=201,
    response_model=ExecutionView,
    responses={
        **ASKED,
        **problems("ambiguous-name", "conflict", "request-refused", "no-plan"),
        202: {"model": IncidentView, "description": "Asked; the plan is not there yet."},
    },
)
async def propose(parts: PartsDep, viewer: ViewerDep, id: IncidentId) -> Response:
    """Ask the agent for a plan. It is refused where no plan may act: nothing real, mode manual, resolved."""
    card = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    outcome = await parts.decisions.propose(viewer, card)
    if outcome is None:
        now = parts.finder.find(Topic.INCIDENT, card.id, viewer.scope)
        return object_response(Outcome(now.body, str(now.version), is_done=False))
    return object_response(outcome, 201)


@router.get("/plans", response_model=list[ExecutionView], responses=LISTED)
async def list_plans(
    request: Request,
    parts: PartsDep,
    viewer: ViewerDep,
    status: Annotated[list[ExecutionStatusName] | None, Query()] = None,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Every plan that you may see, newest first."""
    query = ListQuery(status=frozenset(status or ()), limit=limit, after=after)
    return await parts.lists.answer(request, Topic.PLAN, viewer.scope, query)


@router.get("/plans/{id}", response_model=ExecutionView, responses=problems("not-found", "ambiguous-name"))
async def get_plan(parts: PartsDep, viewer: ViewerDep, id: ExecutionId) -> Response:
    """One plan; the same as its execution."""
    return card_response(parts.finder.find(Topic.PLAN, id, viewer.scope))


@router.get("/agent/executions/{id}", response_model=ExecutionView, responses=problems("not-found", "ambiguous-name"))
async def get_execution(parts: PartsDep, viewer: ViewerDep, id: ExecutionId) -> Response:
    """One plan, and what became of it."""
    return card_response(parts.finder.find(Topic.PLAN, id, viewer.scope))


@router.get(
    "/incidents/{id}/agent/executions",
    response_model=list[ExecutionView],
    responses=problems("not-found", "ambiguous-name"),
)
async def list_executions(parts: PartsDep, viewer: ViewerDep, id: IncidentId) -> Response:
    """The plans of an incident, oldest first."""
    incident = parts.finder.find(Topic.INCIDENT, id, viewer.scope)
    plans = parts.mirror.plans_of((incident.namespace, incident.name))
    found = [parts.board.card(Topic.PLAN, plan.metadata.uid) for plan in plans]
    bodies = [card.body for card in found if card is not None and viewer.scope.sees(Topic.PLAN, card.namespace)]
    return Response(b"[%b]" % b",".join(bodies), media_type="application/json")


@router.post("/agent/approve/{id}", response_model=ExecutionView, responses=DECIDED)
async def approve(parts: PartsDep, viewer: ViewerDep, id: ExecutionId, body: Approval) -> Response:
    """Let the plan run, in your name. The first decision stands; of many at once one is taken."""
    card = parts.finder.find(Topic.PLAN, id, viewer.scope)
    return object_response(await parts.decisions.approve(viewer, card, body.plan_hash))


@router.post("/agent/reject/{id}", response_model=ExecutionView, responses=DECIDED)
async def reject(parts: PartsDep, viewer: ViewerDep, id: ExecutionId, body: Rejection) -> Response:
    """Keep the plan from running, in your name, and call a person."""
    card = parts.finder.find(Topic.PLAN, id, viewer.scope)
    return object_response(await parts.decisions.reject(viewer, card, body.plan_hash, body.reason))


@router.post("/diagnose", responses={**WRITES, **problems("not-found", "not-answered", "too-many-requests")})
async def diagnose(parts: PartsDep, viewer: ViewerDep, body: Consultation) -> Analysis:
    """A diagnosis without an incident: of a system as it is now, or of words alone. Nothing is kept of it."""
    namespace = body.namespace or parts.settings.namespace
    if body.system is not None:
        parts.finder.find_in(Topic.SYSTEM, namespace, body.system, viewer.scope)
    incident = build_consultation(
        namespace,
        user=viewer.identity.user,
        message=body.message,
        description=body.description,
        source=body.source,
        system=body.system,
    )
    found = await parts.incidents.consult(viewer, incident)
    if found is None or found.status.diagnosis is None:
        raise Problem("not-answered", "the operator made no diagnosis in time: see whether it runs")
    return analysis_view(found.status.diagnosis)
