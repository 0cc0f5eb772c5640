"""Experiments: the catalogue of scenarios, and the faults that were made from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from incident_api.access.gate import Viewer
from incident_api.board.queries import Query as ListQuery
from incident_api.board.scope import Topic
from incident_api.board.views import ExperimentView
from incident_api.board.words import ExperimentStatusName
from incident_api.problems import Problem
from incident_api.routes.answers import card_response, object_response
from incident_api.routes.dependencies import EVERYWHERE, WRITES, Parts, PartsDep, ViewerDep, problems
from incident_api.routes.experiment_bodies import FromScenario, FromSpec
from incident_api.routes.incidents import LISTED
from incident_api.writes.answers import Outcome
from incident_crds.base import DRILL_LABEL
from incident_crds.catalogue import FaultType
from incident_crds.scenarios import Scenario, ScenarioUnknown, load_scenario, load_scenarios

router = APIRouter(tags=["experiments"], responses=EVERYWHERE)

ExperimentId = Annotated[str, Path(description="The experiment's id or name.", max_length=253)]


class ScenarioView(BaseModel):
    """A drill of the catalogue."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    title: str
    summary: str
    """What it does, and what will be seen."""
    system: str
    """The system that it breaks."""
    fault_type: FaultType
    """What it does to it."""
    duration_seconds: int
    """Longest time the fault may last."""


@router.get("/scenarios")
async def list_scenarios(_: ViewerDep) -> list[ScenarioView]:
    """The drills that can be run."""
    return [_scenario_view(scenario) for scenario in load_scenarios()]


def _scenario_view(scenario: Scenario) -> ScenarioView:
    spec = scenario.experiment.spec
    return ScenarioView(
        name=scenario.name,
        title=scenario.title,
        summary=scenario.summary,
        system=spec.target.system_ref.name if spec.target.system_ref else "",
        fault_type=spec.fault.type,
        duration_seconds=spec.duration_seconds,
    )


@router.get("/experiments", response_model=list[ExperimentView], responses=LISTED)
async def list_experiments(
    request: Request,
    parts: PartsDep,
    viewer: ViewerDep,
    status: Annotated[list[ExperimentStatusName] | None, Query()] = None,
    system: Annotated[list[str] | None, Query(max_length=20)] = None,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Every experiment that you may see, newest first. They tell what was broken: agents may not see them."""
    query = ListQuery(status=frozenset(status or ()), system=frozenset(system or ()), limit=limit, after=after)
    return await parts.lists.answer(request, Topic.EXPERIMENT, viewer.scope, query)


@router.post(
    "/experiments",
    status_code=201,
    response_model=ExperimentView,
    responses={**WRITES, **problems("not-found")},
)
async def create_experiment(parts: PartsDep, viewer: ViewerDep, body: FromScenario | FromSpec) -> Response:
    """Break something: a scenario of the catalogue, or a spec of your own."""
    namespace = body.namespace or parts.settings.namespace
    if isinstance(body, FromSpec):
        outcome = await parts.experiments.create(viewer, namespace, body.spec.to_spec(), name="experiment", labels={})
        return object_response(outcome, 201)
    outcome = await start_scenario(parts, viewer, body.scenario, namespace, seconds=body.duration_seconds)
    return object_response(outcome, 201)


async def start_scenario(
    parts: Parts, viewer: Viewer, name: str, namespace: str, *, seconds: int | None = None
) -> Outcome:
    """An experiment from the catalogue. Raises Problem for a name that is not in it."""
    try:
        scenario = load_scenario(name)
    except ScenarioUnknown as error:
        raise Problem("not-found", str(error)) from error
    spec = scenario.experiment.spec
    if seconds is not None:
        spec = spec.model_copy(update={"duration_seconds": seconds})
    return await parts.experiments.create(viewer, namespace, spec, name=name, labels={DRILL_LABEL: name})


@router.get("/experiments/{id}", response_model=ExperimentView, responses=problems("not-found", "ambiguous-name"))
async def get_experiment(parts: PartsDep, viewer: ViewerDep, id: ExperimentId) -> Response:
    """One experiment, with its grade once it has one."""
    return card_response(parts.finder.find(Topic.EXPERIMENT, id, viewer.scope))


@router.post(
    "/experiments/{id}/abort",
    response_model=ExperimentView,
    responses={
        **WRITES,
        **problems("not-found", "ambiguous-name", "conflict"),
        202: {"model": ExperimentView, "description": "Written; the operator has not acted on it yet."},
    },
)
async def abort_experiment(parts: PartsDep, viewer: ViewerDep, id: ExperimentId) -> Response:
    """End the fault now. It is undone, and that is proven, as at any end."""
    return object_response(await parts.experiments.abort(viewer, parts.finder.find(Topic.EXPERIMENT, id, viewer.scope)))
