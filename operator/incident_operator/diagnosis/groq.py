"""Groq, through its own SDK."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

import groq
import httpx
from typing_extensions import override

from incident_operator.diagnosis.errors import InvalidReply, TimedOut, Unreachable
from incident_operator.diagnosis.provider import Answer, Prompt, Provider, error_of_status, parse_retry_after

_MOST_TOKENS = 4096
_STRICT_MODELS = "openai/gpt-oss"
"""The models that Groq holds to a schema as they write; others are told it, and checked by us."""


class GroqProvider(Provider):
    """Chat completions with strict structured output, which the gpt-oss models keep to."""

    name: ClassVar[str] = "groq"

    def __init__(self, model: str, *, key: str, base_url: str | None) -> None:
        super().__init__(model)
        # a redirect could carry the evidence to a host that nobody named
        http_client = groq.DefaultAsyncHttpxClient(follow_redirects=False)
        self._client = groq.AsyncGroq(api_key=key, base_url=base_url, max_retries=0, http_client=http_client)

    @override
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "temperature": 0,
            "max_completion_tokens": _MOST_TOKENS,
        }
        if self.model.startswith(_STRICT_MODELS):
            schema = {"name": "answer", "strict": True, "schema": dict(prompt.schema)}
            request |= {
                "response_format": {"type": "json_schema", "json_schema": schema},
                "reasoning_effort": "low",
            }
        else:
            request["response_format"] = {"type": "json_object"}
            request["messages"][0]["content"] += f"\n\nThe schema:\n{json.dumps(dict(prompt.schema))}"
        try:
            answer = await self._client.chat.completions.create(**request, timeout=timeout.total_seconds())
        except groq.APITimeoutError as error:
            raise TimedOut(f"{self.name} gave no answer within {timeout.total_seconds():g} s") from error
        except groq.APIStatusError as error:
            wait = parse_retry_after(error.response.headers.get("retry-after", ""), now=datetime.now(UTC))
            raise error_of_status(self.name, error.status_code, _detail(error), retry_after=wait) from error
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
