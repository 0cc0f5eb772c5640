"""The control endpoint: the one way to stop or restart a system's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
from pydantic import JsonValue

from incident_operator.targets.errors import AccessDenied, Refused, Unreachable

# stopping a database cleanly takes longer than any probe may
_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class ControlAccess:
    """The endpoint's base URL and its bearer token."""

    url: str
    token: str = field(repr=False)


async def ask_restart(control: ControlAccess) -> None:
    """POST {url}/restart."""
    await _post(control, "restart", None)


async def ask_stop(control: ControlAccess, duration: timedelta) -> None:
    """POST {url}/stop; the endpoint starts the process again by itself."""
    await _post(control, "stop", {"seconds": duration.total_seconds()})


async def _post(control: ControlAccess, verb: str, body: dict[str, JsonValue] | None) -> None:
    url = f"{control.url.rstrip('/')}/{verb}"
    headers = {"Authorization": f"Bearer {control.token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT.total_seconds())) as session,
            session.post(url, json=body, headers=headers) as answer,
        ):
            text = (await answer.text())[:256]
            if answer.status in (401, 403):
                raise AccessDenied(f"{url} refused the token; check the key token of controlRef.tokenSecretRef")
            if answer.status >= 300:
                raise Refused(f"{url} answered {answer.status}: {text}")
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(
            f"the control endpoint {url} does not answer: {str(error) or type(error).__name__}"
        ) from error
