"""The OpenAPI document against the API as it is: every path, with good and bad requests, and one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from incident_crds.client import ApiClient
from incident_crds.generator import IncidentGenerator

from ..conftest import ApiProcess
from .door import Door
from .fuzzing import fuzz

FEWEST_CASES = 1500
"""Fewer would mean that paths or their parameters are no longer documented."""


@pytest_asyncio.fixture
async def tidied(admin: ApiClient, door: Door) -> AsyncIterator[None]:
    """What the run leaves behind is no other test's: most of all a generator that makes incidents."""
    yield
    for generator in await admin.list_all(IncidentGenerator):
        await admin.delete(IncidentGenerator, *generator.key)
    assert (await door.delete("/kill-switch")).status == 200
    assert (await door.post("/incidents/reset")).status == 200


@pytest.mark.usefixtures("tidied")
async def test_the_api_does_what_its_document_says(
    start_api: Callable[..., ApiProcess], secrets: Path, tmp_path: Path
) -> None:
    """On a process of its own: so many wrong tokens lock all others out of it."""
    token = (secrets / "sre.token").read_text()
    options = ("--phases=examples,coverage,stateful", "-n", "5", "--generation-deterministic", "--warnings=off")
    url = start_api().url
    run = await asyncio.to_thread(fuzz, url, token, tmp_path / "report.json", *options, seconds=110)
    assert run.code == 0, run.output
    assert token not in run.output
    report = run.report
    assert report["complete"], report
    assert report["operations"]["tested"] == report["operations"]["total"] > 40, report["operations"]
    assert {name for name, phase in report["phases"].items() if phase["status"] == "success"} == {
        "examples",
        "coverage",
        "stateful",
    }
    assert report["test_cases"]["generated"] >= FEWEST_CASES, report["test_cases"]
