"""What a provider is: a question in, a text out; and what the HTTP answers of all of them mean."""

from __future__ import annotations

import asyncio
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from incident_operator import metrics
from incident_operator.diagnosis.errors import (
    BadCredentials,
    InvalidReply,
    ModelRetired,
    ProviderError,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
)
from incident_operator.domain.redaction import redact

_RETIRED = re.compile(r"(?i)decommissioned|retired|no longer (?:available|supported)|has been (?:shut down|removed)")
_BAD_KEY = re.compile(r"(?i)api[ _]key (?:not valid|is invalid|expired)|invalid api key|API_KEY_INVALID")
LONGEST_WAIT = 3600.0
_LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent: `system` is ours alone, `user` carries the evidence. `schema` is of the reply, as JSON Schema."""

    system: str
    user: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and what it cost where the provider counts."""

    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None


class Provider(ABC):
    """Asks one model of one vendor. Raises ProviderError only; anything else is a bug of ours."""

    name: ClassVar[str]

    def __init__(self, model: str) -> None:
        self.model = model

    @abstractmethod
    async def ask(self, prompt: Prompt, *, timeout: timedelta) -> Answer:
        """One request, without retries of the SDK's own."""

    async def close(self) -> None:
        """Let go of connections."""
        return


async def ask_within(provider: Provider, prompt: Prompt, limit: timedelta) -> Answer:
    """By our own clock: an SDK's timeout begins anew with each byte that comes. Raises TimedOut."""
    began, outcome = time.monotonic(), "InternalError"
    try:
        async with asyncio.timeout(limit.total_seconds()):
            answer = await provider.ask(prompt, timeout=limit)
        outcome = "Answered"
    except TimeoutError as error:
        outcome = TimedOut.outcome
        raise TimedOut(f"{provider.name} gave no answer within {limit.total_seconds():g} s") from error
    except ProviderError as error:
        outcome = error.outcome
        raise
    except asyncio.CancelledError:
        outcome = "Cancelled"
        raise
    finally:
        metrics.LLM_REQUESTS.labels(provider.name, outcome).inc()
        metrics.LLM_DURATION.labels(provider.name).observe(time.monotonic() - began)
    metrics.LLM_TOKENS.labels(provider.name, "input").inc(answer.input_tokens or 0)
    metrics.LLM_TOKENS.labels(provider.name, "output").inc(answer.output_tokens or 0)
    return answer


def parse_retry_after(value: str, *, now: datetime) -> float:
    """Seconds from a Retry-After header: a number or an HTTP date; 0 where it makes no sense."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else 0.0


def error_of_status(provider: str, status: int, detail: str, *, retry_after: float = 0.0) -> ProviderError:
    """What an HTTP status other than 200 means. `detail` is the server's own message."""
    text = redact(" ".join(detail.split()))[:_LONGEST_DETAIL]
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(text)):
        return BadCredentials(f"{provider} does not take the key (HTTP {status}): set another one, or leave it out")
    if status == 404 or (status < 500 and status != 429 and _RETIRED.search(text)):
        return ModelRetired(f"{provider} does not serve the model (HTTP {status}): {text}; choose another")
    if status == 408:
        return TimedOut(f"{provider} gave up waiting (HTTP 408): {text}")
    if status in (413, 429, 498):  # 413: more tokens than the plan allows a minute; 498: no capacity
        wait = f"; it asks for {retry_after:g} s" if retry_after else ""
        return RateLimited(f"{provider} takes no more requests for now (HTTP {status}){wait}", retry_after=retry_after)
    if status >= 500:
        return ServerFailed(f"{provider} failed (HTTP {status}): {text}")
    if "json_validate_failed" in detail:
        return InvalidReply(f"{provider}'s model did not keep to the schema: {text}")
    return RequestRefused(f"{provider} refused the request (HTTP {status}): {text}")


def google_retry_delay(details: object) -> float:
    """Seconds to wait, where Google says so: a RetryInfo with a duration such as 7s among an error's details."""
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("RetryInfo"):
            try:
                seconds = float(str(detail.get("retryDelay", "")).removesuffix("s"))
            except ValueError:
                return 0.0
            return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else 0.0
    return 0.0
