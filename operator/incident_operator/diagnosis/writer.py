"""Lets a model put a template into fresh words; without one, or where it fails, the template's own words stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated

import orjson
import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from incident_crds.generator import IncidentTemplate
from incident_operator.diagnosis.errors import ProviderError
from incident_operator.diagnosis.provider import Prompt, Provider, ask_within

LONGEST = timedelta(seconds=10)
TEMPLATE = "template"
_INSTRUCTIONS = """\
You write practice incidents for on-call engineers. Put the given template into fresh words: the same kind of trouble on
the same source, with plausible numbers. It is an exercise: name no real company or person. Answer with one JSON object
with title (one line, at most 120 characters) and description (two or three sentences), and with nothing else."""

log = structlog.get_logger(__name__)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, BeforeValidator(_one_line), Field(min_length=3, max_length=200)]
    description: Annotated[str, Field(min_length=3, max_length=2000)]


_SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "description": {"type": "string"}},
    "required": ["title", "description"],
    "additionalProperties": False,
}


class Writer:
    """Asks the same models as the diagnosis, in the same order."""

    def __init__(self, providers: Sequence[Provider], *, is_resting: Callable[[Provider], bool]) -> None:
        self._providers = tuple(providers)
        self._is_resting = is_resting

    async def rewrite(self, template: IncidentTemplate) -> tuple[IncidentTemplate, str]:
        """(the template with the words to use, who wrote them). Never fails."""
        given = {"source": template.source, "title": template.title, "description": template.description}
        prompt = Prompt(system=_INSTRUCTIONS, user=orjson.dumps({"template": given}).decode(), schema=_SCHEMA)
        for provider in self._providers:
            if self._is_resting(provider):
                continue
            try:
                answer = await ask_within(provider, prompt, LONGEST)
                text = _Text.model_validate_json(answer.text)
            except (ProviderError, ValidationError) as error:
                log.info("no text by a model", provider=provider.name, reason=type(error).__name__)
            except Exception:
                # a bug of ours, or of an SDK: practice goes on with the template
                log.exception("no text by a model", provider=provider.name)
            else:
                return template.model_copy(update=text.model_dump()), provider.name
        return template, TEMPLATE
