"""What a board is told before anybody signs in, and settings that make no sense."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from incident_api.settings import Settings
from incident_crds import __version__
from incident_crds.environment import explain_settings

from ..conftest import NAMESPACE, ApiProcess
from .door import Door


async def test_nobody_has_to_sign_in(running: ApiProcess) -> None:
    async with Door(running.url) as stranger, Door(running.url, "no-such-token") as foreign:
        told = await stranger.get("/board")
        assert (await foreign.get("/board")).json == told.json
    assert told.json == {
        "title": "Incident simulator",
        "version": __version__,
        "namespace": NAMESPACE,
        "moves": {
            "triage": ["investigating", "fixing", "resolved"],
            "investigating": ["triage", "fixing", "resolved"],
            "fixing": ["investigating", "resolved"],
            "resolved": ["investigating"],
        },
        "sla": {
            "P0": {"acknowledge_seconds": 300, "resolve_seconds": 3600},
            "P1": {"acknowledge_seconds": 900, "resolve_seconds": 14400},
            "P2": {"acknowledge_seconds": 3600, "resolve_seconds": 86400},
            "P3": {"acknowledge_seconds": 14400, "resolve_seconds": 259200},
        },
    }


async def test_title_and_times_are_ones_own(start_api: Callable[..., ApiProcess]) -> None:
    api = start_api(INCIDENTSIM_API_TITLE="Drills of the payment team", INCIDENTSIM_API_SLA=" P1 = 1/2 , P0=3/3,")
    async with Door(api.url) as stranger:
        told = (await stranger.get("/board")).json
    assert told["title"] == "Drills of the payment team"
    assert told["sla"]["P0"] == {"acknowledge_seconds": 180, "resolve_seconds": 180}
    assert told["sla"]["P1"] == {"acknowledge_seconds": 60, "resolve_seconds": 120}
    assert told["sla"]["P2"] == {"acknowledge_seconds": 3600, "resolve_seconds": 86400}
    assert list(told["sla"]) == ["P0", "P1", "P2", "P3"]


@pytest.mark.parametrize(
    ("sla", "problem"),
    [
        ("soon", "'soon' must be SEVERITY=MINUTES/MINUTES"),
        ("P4=1/2", "'P4=1/2' must be SEVERITY"),
        ("P0=1", "'P0=1' must be SEVERITY"),
        ("P0=1/2/3", "'P0=1/2/3' must be SEVERITY"),
        ("P0=-1/2", "'P0=-1/2' must be SEVERITY"),
        ("P0=1.5/2", "'P0=1.5/2' must be SEVERITY"),
        ("P0=٣/٤", "must be SEVERITY"),
        ("P0=0/2", "'P0=0/2' must give a minute or more"),
        ("P0=5/4", "'P0=5/4' must give a minute or more to acknowledge, and no less to resolve"),
        ("P0=1/2,P0=1/2", "P0 is given twice"),
        (",", "must name a severity, as in P0=5/60"),
    ],
)
def test_times_that_make_no_sense(sla: str, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(sla=sla)
    (told,) = explain_settings(caught.value, "INCIDENTSIM_API_")
    assert told.startswith("INCIDENTSIM_API_SLA: ")
    assert problem in told


@pytest.mark.parametrize("title", ["two\nlines", "\x1b[31mred", " ", "x" * 61])
def test_titles_that_are_none(title: str) -> None:
    with pytest.raises(ValidationError, match="must be one line of up to 60 characters"):
        Settings(title=title)
