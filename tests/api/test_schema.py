"""The OpenAPI document against the API as it is: every path, with good and bad requests, and one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import ApiProcess
from .fuzzing import fuzz

FEWEST_CASES = 1500
"""Fewer would mean that paths or their parameters are no longer documented."""


@pytest.mark.usefixtures("running")
def test_the_api_does_what_its_document_says(
    start_api: Callable[..., ApiProcess], secrets: Path, tmp_path: Path
) -> None:
    """On a process of its own: so many wrong tokens lock all others out of it."""
    token = (secrets / "sre.token").read_text()
    options = ("--phases=examples,coverage,stateful", "-n", "5", "--generation-deterministic", "--warnings=off")
    run = fuzz(start_api().url, token, tmp_path / "report.json", *options, seconds=110)
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
