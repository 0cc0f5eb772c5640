"""Gemini through google-generativeai, which is at its end of life. Nothing else knows this SDK.

It keeps its settings for the whole process. Its REST transport blocks, so it runs in a thread that nobody waits for: a
server may send a byte now and then for ever.
"""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from typing_extensions import override

from incident_operator.diagnosis.errors import InvalidReply, TimedOut, Unreachable
from incident_operator.diagnosis.provider import Answer, Prompt, Provider, error_of_status, google_retry_delay

with warnings.catch_warnings():  # it tells every user that it is at its end; they cannot change that here
    warnings.simplefilter("ignore")
    import google.generativeai as sdk
    import requests.exceptions
    from google.api_core import exceptions
    from google.protobuf import json_format

_sdk: Any = sdk  # it has types for next to nothing
_MOST_TOKENS = 4096


class GeminiLegacyProvider(Provider):
    """generateContent with a JSON answer; this SDK knows too little of JSON Schema to be given the schema."""

    name: ClassVar[str] = "gemini"

    def __init__(self, model: str, *, key: str, base_url: str | None) -> None:
        super().__init__(model)
        options = {"api_endpoint": base_url} if base_url else None
        _sdk.configure(api_key=key, transport="rest", client_options=options)

    @override
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        try:
            answer = await _in_daemon_thread(partial(self._ask, prompt, timeout.total_seconds()))
        except (exceptions.RetryError, exceptions.DeadlineExceeded, requests.exceptions.Timeout) as error:
            raise TimedOut(f"{self.name} gave no answer within {timeout.total_seconds():g} s") from error
        except exceptions.GoogleAPICallError as error:
            wait = google_retry_delay(error.details)
            raise error_of_status(self.name, int(error.code or 500), error.message, retry_after=wait) from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise Unreachable(f"{self.name} cannot be reached: {type(error).__name__}") from error
        except (ValueError, TypeError, AttributeError, json_format.Error) as error:
            raise InvalidReply(f"{self.name} answered with something that is no response") from error
        return answer

    def _ask(self, prompt: Prompt, seconds: float) -> Answer:
        schema = json.dumps(dict(prompt.schema))
        model = _sdk.GenerativeModel(self.model, system_instruction=f"{prompt.system}\n\nThe schema:\n{schema}")
        found = model.generate_content(
            prompt.user,
            generation_config={
                "temperature": 0,
                "max_output_tokens": _MOST_TOKENS,
                "response_mime_type": "application/json",
            },
            request_options={"timeout": seconds, "retry": None},
        )
        usage = found.usage_metadata
        parts = found.candidates[0].content.parts if found.candidates else []
        return Answer("".join(part.text for part in parts), usage.prompt_token_count, usage.candidates_token_count)


async def _in_daemon_thread(work: Callable[[], Answer]) -> Answer:
    """Unlike asyncio.to_thread, neither the loop nor the process waits for it when they end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer] = loop.create_future()

    def settle(result: Answer | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        elif result is not None:
            done.set_result(result)

    def run() -> None:
        result: Answer | None = None
        failure: Exception | None = None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            failure = error
        with suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True, name="gemini").start()
    return await done
