"""A drill with a model as the diagnoser, through the real SDK and a local server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from incident_crds.client import ApiClient
from incident_crds.incident import Incident

from ..conftest import NAMESPACE, OperatorProcess, Stack, clean_environment
from ..diagnosis.wire import GOOD, ModelServer, Script
from .drive import Driver

KEY = "gsk_not-a-real-key-0123456789"


@pytest_asyncio.fixture
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer().serve() as server:
        yield server


@pytest_asyncio.fixture
async def operator(no_operator: None, stack: Stack, models: ModelServer) -> AsyncIterator[OperatorProcess]:
    """An operator with a key for Groq, which is the local server."""
    process = OperatorProcess(stack)
    await asyncio.to_thread(process.start, GROQ_API_KEY=KEY, INCIDENTSIM_GROQ_URL=models.url)
    try:
        yield process
    finally:
        await asyncio.to_thread(process.stop)


def diagnose(question: dict[str, Any]) -> str:
    """What a sound model would say: the largest prefix of the evidence is to blame."""
    evidence = json.loads(question["messages"][1]["content"])["evidence"]
    (prefixes,) = [table for table in evidence["tables"] if table["title"].startswith("keys by prefix")]
    action = {**GOOD["actions"][0], "prefix": prefixes["rows"][0][0]}
    return json.dumps({**GOOD, "actions": [action]})


async def show_prompt(stack: Stack, incident: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "incident_operator", "prompt", incident),
        env=clean_environment() | {"KUBECONFIG": stack.info["operator_kubeconfig"]},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(printed)
    return found


async def test_a_drill_diagnosed_by_a_model_passes_and_hides_the_truth(
    stack: Stack, operator: OperatorProcess, models: ModelServer, sre: ApiClient
) -> None:
    models.scripts.append(Script(text=diagnose))
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("redis-memory")
    plan = await driver.plan_awaiting()
    assert (plan.spec.author, plan.spec.reasoning) == ("groq", GOOD["reasoning"])
    await driver.approve(plan)
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    assert done.status.grade.grade.passed, done.status.grade.model_dump_json(indent=1)
    assert done.status.grade.diagnosis.provider == "groq"

    incident = await sre.get(Incident, NAMESPACE, plan.spec.incident_ref)
    assert incident.status.evidence is not None
    assert incident.status.diagnosis is not None
    (attempt,) = incident.status.diagnosis.fallback_chain
    assert (attempt.outcome, attempt.input_tokens) == ("Answered", 900)
    sent = models.requests[0][2]["messages"]
    shown = await show_prompt(stack, incident.status.number)
    assert [shown["system"], shown["user"]] == [message["content"] for message in sent]
    for secret in (experiment.metadata.name, experiment.metadata.uid, "ChaosExperiment", "injected"):
        assert secret not in json.dumps(sent), f"{secret} gives the answer away"
    log = operator.log.read_text()
    assert KEY not in log
    assert "on-call engineer" not in log


async def test_a_model_that_is_away_delays_nothing_but_its_own_try(
    operator: OperatorProcess, models: ModelServer, sre: ApiClient
) -> None:
    models.scripts.append(Script(status=503))
    driver = Driver(sre)
    await driver.systems_ready()
    experiment = await driver.start("disk-full")
    plan = await driver.plan_awaiting()
    await driver.approve(plan)
    done = await driver.graded(experiment)
    assert done.status.grade is not None
    assert done.status.grade.grade.passed
    assert done.status.grade.diagnosis.provider == "rules"
    incident = await sre.get(Incident, NAMESPACE, plan.spec.incident_ref)
    assert incident.status.diagnosis is not None
    chain = [f"{a.provider} {a.outcome}" for a in incident.status.diagnosis.fallback_chain]
    assert chain == ["groq ServerError", "rules Answered"]
