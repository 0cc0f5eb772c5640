"""Gemini through google-genai, the SDK that Google keeps."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, ClassVar

import httpx2
from google import genai
from google.genai import errors, types
from typing_extensions import override

from incident_operator.diagnosis.errors import InvalidReply, TimedOut, Unreachable
from incident_operator.diagnosis.provider import Answer, Prompt, Provider, error_of_status, google_retry_delay

_MOST_TOKENS = 4096


class GeminiProvider(Provider):
    """generateContent with a JSON schema for the answer."""

    name: ClassVar[str] = "gemini"

    def __init__(self, model: str, *, key: str, base_url: str | None) -> None:
        super().__init__(model)
        # named here, or the SDK takes whichever HTTP client it finds installed, each with errors of its own
        self._http = httpx2.AsyncClient()
        options = types.HttpOptions(base_url=base_url, httpx_async_client=self._http)
        self._client = genai.Client(api_key=key, vertexai=False, http_options=options)

    @override
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        # no timeout of the SDK's: it would tell the server, which refuses any below ten seconds
        config = types.GenerateContentConfig(
            system_instruction=prompt.system,
            temperature=0,
            max_output_tokens=_MOST_TOKENS,
            response_mime_type="application/json",
            response_json_schema=dict(prompt.schema),
        )
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                answer = await self._client.aio.models.generate_content(
                    model=self.model, contents=prompt.user, config=config
                )
        except errors.APIError as error:
            raise error_of_status(
                self.name, error.code or 500, error.message or "", retry_after=_wait(error)
            ) from error
        except TimeoutError as error:
            raise TimedOut(f"{self.name} gave no answer within {timeout.total_seconds():g} s") from error
        except (httpx2.HTTPError, OSError) as error:
            raise Unreachable(f"{self.name} cannot be reached: {type(error).__name__}") from error
        except (ValueError, TypeError, AttributeError, KeyError) as error:  # the SDK reads a body as it comes
            raise InvalidReply(f"{self.name} answered with something that is no response") from error
        return _read(answer)

    @override
    async def close(self) -> None:
        await self._client.aio.aclose()
        await self._http.aclose()


def _read(answer: types.GenerateContentResponse) -> Answer:
    usage = answer.usage_metadata
    parts = (answer.candidates or [types.Candidate()])[0].content
    texts = [part.text for part in (parts.parts if parts else None) or [] if part.text and not part.thought]
    return Answer(
        "".join(texts),
        usage.prompt_token_count if usage else None,
        usage.candidates_token_count if usage else None,
    )


def _wait(error: errors.APIError) -> float:
    body: Any = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    return google_retry_delay(inner.get("details") if isinstance(inner, dict) else None)
