"""Lets a model put a template into fresh words; without one, or where it fails, the template's own words stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from incident_crds.generator import IncidentTemplate
from incident_operator.diagnosis.errors import ProviderError
from incident_operator.diagnosis.provider import Prompt, Provider

LONGEST = timedelta(seconds=10)
TEMPLATE = "template"
_INSTRUCTIONS = """\
You write practice incidents for on-call engineers. Put the given template into fresh words: the same kind of trouble on
the same source, with plausible numbers. It is an exercise: name no real company or person. Answer with one JSON object
with title (one line, at most 120 characters) and description (two or three sentences), and with nothing else."""

log = structlog.get_logger(__name__)


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=3, max_length=200)]
    description: Annotated[str, Field(min_length=3, max_length=2000)]


_SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "description": {"type": "string"}},
    "required": ["title", "description"],
    "additionalProperties": False,
}


class Writer:
    """Asks the same models as the diagnosis, in the same order."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = tuple(providers)

    async def rewrite(self, template: IncidentTemplate) -> tuple[IncidentTemplate, str]:
        """(the template with the words to use, who wrote them). Never fails."""
        given = {"source": template.source, "title": template.title, "description": template.description}
        prompt = Prompt(system=_INSTRUCTIONS, user=orjson.dumps({"template": given}).decode(), schema=_SCHEMA)
        for provider in self._providers:
            try:
                answer = await provider.ask(prompt, timeout=LONGEST)
                text = _Text.model_validate_json(answer.text)
            except (ProviderError, ValidationError) as error:
                log.info("no text by a model", provider=provider.name, reason=type(error).__name__)
                continue
            title = " ".join(text.title.split())
            return template.model_copy(update={"title": title, "description": text.description}), provider.name
        return template, TEMPLATE
