"""Practice incidents in fresh words where a model is there, and in the template's own where it is not."""

from __future__ import annotations

import json

import pytest

from incident_crds.templates import BUILT_IN_TEMPLATES
from incident_operator.diagnosis.provider import Provider
from incident_operator.diagnosis.writer import Writer

from .conftest import ADAPTERS, MakeProvider
from .wire import ModelServer, Script, says

TEMPLATE = BUILT_IN_TEMPLATES[0]


def nobody(_: Provider) -> bool:
    return False


FRESH = {"title": "Redis is nearly\nfull", "description": "62 of 64 MiB are used."}


@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_a_model_puts_it_into_fresh_words(adapter: str, make: MakeProvider, models: ModelServer) -> None:
    models.scripts.append(says(FRESH))
    provider = make(adapter)
    written, author = await Writer([provider], is_resting=nobody).rewrite(TEMPLATE)
    assert author == provider.name
    assert (written.title, written.description) == ("Redis is nearly full", FRESH["description"])
    assert (written.source, written.severity, written.team) == (TEMPLATE.source, TEMPLATE.severity, TEMPLATE.team)


@pytest.mark.parametrize(
    "script",
    [
        Script(status=500),
        Script(status=401),
        says("no JSON"),
        says({**FRESH, "severity": "P0"}),
        says({"title": "x" * 10_000, "description": "too long a title"}),
        says(json.dumps([])),
        says({"title": "\n\n\n", "description": "nothing but lines"}),
        Script(raw=b"[" * 100_000),
    ],
)
async def test_whatever_it_does_instead_the_template_stands(
    script: Script, make: MakeProvider, models: ModelServer
) -> None:
    models.scripts.append(script)
    assert await Writer([make("groq")], is_resting=nobody).rewrite(TEMPLATE) == (TEMPLATE, "template")


async def test_without_a_model_the_template_stands() -> None:
    assert await Writer([], is_resting=nobody).rewrite(TEMPLATE) == (TEMPLATE, "template")


async def test_a_model_that_is_left_alone_is_left_alone(make: MakeProvider, models: ModelServer) -> None:
    written, author = await Writer([make("groq")], is_resting=lambda _: True).rewrite(TEMPLATE)
    assert (written, author, models.requests) == (TEMPLATE, "template", [])
