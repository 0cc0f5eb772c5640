"""The control endpoint: stops, starts and restarts a system's process, and delays what its clients get."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from incident_operator.targets.errors import AccessDenied, Refused, Unreachable

# stopping a database cleanly takes longer than any probe may
_TIMEOUT = timedelta(seconds=40)


class ControlState(BaseModel):
    """What the endpoint tells of the process and of the delay, and whose tags they carry."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    running: bool
    stopped_until: str | None = None
    """When a stop that somebody asked for ends by itself; None where nobody did."""
    stop_tag: str = ""
    latency_milliseconds: int = 0
    latency_tag: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """The endpoint's base URL and its bearer token. Every call raises TargetError."""

    url: str
    token: str = field(repr=False)

    async def state(self) -> ControlState:
        """GET {url}."""
        content = await self._ask("GET", "")
        try:
            return ControlState.model_validate_json(content)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            raise Refused(f"the control endpoint {self.url} does not answer as it should: {problem['msg']}") from None

    async def restart(self) -> None:
        """End any stop and replace the process."""
        await self._ask("POST", "/restart")

    async def stop(self, duration: timedelta, tag: str) -> None:
        """Stop the process; the endpoint itself starts it again after that time."""
        await self._ask("POST", "/stop", {"seconds": duration.total_seconds(), "tag": tag})

    async def start(self) -> None:
        """End a stop before its time. A process that runs is left alone."""
        await self._ask("POST", "/start")

    async def delay(self, delay: timedelta, duration: timedelta, tag: str) -> None:
        """Hold back each answer to clients; the endpoint itself ends that after `duration`."""
        milliseconds = max(1, round(delay.total_seconds() * 1000))
        body: dict[str, JsonValue] = {"milliseconds": milliseconds, "seconds": duration.total_seconds(), "tag": tag}
        await self._ask("PUT", "/latency", body)

    async def undelay(self) -> None:
        """Hold back nothing any more."""
        await self._ask("DELETE", "/latency")

    async def _ask(self, method: str, path: str, body: dict[str, JsonValue] | None = None) -> str:
        url = f"{self.url.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT.total_seconds())) as session,
                session.request(method, url, json=body, headers=headers) as answer,
            ):
                text = (await answer.content.read(65536)).decode("utf-8", "replace")
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise Unreachable(
                f"the control endpoint {url} does not answer: {str(error) or type(error).__name__}"
            ) from error
        if status in (401, 403):
            raise AccessDenied(f"{url} refused the token; check the key token of the Secret that holds it")
        if status >= 300:
            raise Refused(f"{url} answered {status}: {text[:256]}")
        return text
