"""Groq, through its own SDK."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, cast

import groq
import httpx
from typing_extensions import override

from incident_operator.diagnosis.errors import InvalidReply, TimedOut, Unreachable
from incident_operator.diagnosis.provider import Answer, Prompt, Provider, error_of_status

_MOST_TOKENS = 4096


class GroqProvider(Provider):
    """Chat completions with strict structured output, which the gpt-oss models keep to."""

    name: ClassVar[str] = "groq"

    def __init__(self, model: str, *, key: str, base_url: str | None) -> None:
        super().__init__(model)
        self._client = groq.AsyncGroq(api_key=key, base_url=base_url, max_retries=0)

    @override
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        schema = {"name": "diagnosis", "strict": True, "schema": dict(prompt.schema)}
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "response_format": {"type": "json_schema", "json_schema": schema},
            "temperature": 0,
            "max_completion_tokens": _MOST_TOKENS,
        }
        if self.model.startswith("openai/gpt-oss"):
            request["reasoning_effort"] = "low"
        try:
            answer = await self._client.chat.completions.create(**request, timeout=timeout.total_seconds())
        except groq.APITimeoutError as error:
            raise TimedOut(f"{self.name} gave no answer within {timeout.total_seconds():g} s") from error
        except groq.APIStatusError as error:
            wait = error.response.headers.get("retry-after", "")
            raise error_of_status(self.name, error.status_code, _detail(error), retry_after=_seconds(wait)) from error
        except (groq.APIResponseValidationError, ValueError) as error:
            raise InvalidReply(f"{self.name} answered with something that is no completion") from error
        except (groq.APIConnectionError, httpx.HTTPError) as error:
            raise Unreachable(f"{self.name} cannot be reached: {type(error.__cause__ or error).__name__}") from error
        return _read(self.name, answer)

    @override
    async def close(self) -> None:
        await self._client.close()


def _read(name: str, answer: Any) -> Answer:
    """The SDK builds its objects without looking at them: a body of another shape comes out as anything."""
    try:
        text = answer.choices[0].message.content
        usage = answer.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
    except (AttributeError, IndexError, TypeError, KeyError):
        raise InvalidReply(f"{name} answered with something that is no completion") from None
    if not isinstance(text, str | None):
        raise InvalidReply(f"{name} answered with something that is no text")
    counted = [n if isinstance(n, int) and n >= 0 else None for n in tokens]
    return Answer(text or "", *counted)


def _detail(error: groq.APIStatusError) -> str:
    """The server's own words; of a body that is not JSON only its beginning."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        inner = cast("dict[str, object]", inner) if isinstance(inner, dict) else {"message": inner}
        return f"{inner.get('message', '')} {inner.get('code', '')}".strip()
    return str(body or "")[:500]


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
