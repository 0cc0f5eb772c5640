"""`link`: a sign-in link for the board of a running stack, made by its API."""

from __future__ import annotations

import json
from http import HTTPStatus

import aiohttp
from pydantic import BaseModel, ValidationError

from incident_local.errors import LinkRefused
from incident_local.identities import Identities, Person
from incident_local.runinfo import RunInfo, read_run_info
from incident_local.settings import Settings
from incident_local.state import StateFolder

ANSWER_SECONDS = 10.0


class Link(BaseModel):
    """What the API answers."""

    url: str
    expires_at: str


class _Problem(BaseModel):
    detail: str


async def run_link(settings: Settings, person: Person, *, as_json: bool) -> int:
    """The link alone on stdout. Raises NotRunning or LinkRefused."""
    state = StateFolder(settings.state_dir)
    link = await make_link(state, read_run_info(state), person)
    document = {"link": link.url, "user": person.value, "expiresAt": link.expires_at}
    print(json.dumps(document) if as_json else link.url)
    return 0


async def make_link(state: StateFolder, info: RunInfo, person: Person) -> Link:
    """Signs in whoever opens it as this person. Raises LinkRefused."""
    if not info.has_api:  # nor is a token sent to whoever else may listen there
        raise LinkRefused(
            f"The stack of process {info.pid} was started without the API",
            remedy="when it has ended, start one with `incident-simulator up`",
        )
    status, body = await _post(info, Identities(state.secrets).token(person))
    try:
        if status != HTTPStatus.CREATED:
            raise LinkRefused(f"The API made no link: {status} {_Problem.model_validate_json(body).detail}")
        return Link.model_validate_json(body)
    except ValidationError as error:
        raise LinkRefused(
            f"The API answered {status} with something else than a link", remedy=f"see its log in {info.logs}"
        ) from error


async def _post(info: RunInfo, token: str) -> tuple[int, str]:
    url = f"{info.api_url}/api/v1/session/links"
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, headers=headers) as response:
            return response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
        raise LinkRefused(
            f"The API does not answer at {info.api_url}: {str(error) or type(error).__name__}",
            remedy=f"try again in some seconds: when it ends it is started again; see its log in {info.logs}",
        ) from error
