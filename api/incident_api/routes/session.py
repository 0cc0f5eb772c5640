"""Signing in with a Kubernetes token, by a link, and out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, RedirectResponse, Response

from incident_api.access.gate import Via
from incident_api.access.sessions import COOKIE, LIFETIME, Unsealable
from incident_api.cluster.reviews import Identity, Permission
from incident_api.problems import Problem, unauthorized
from incident_api.routes.bodies import Token
from incident_api.routes.dependencies import EVERYWHERE, WRITES, Parts, PartsDep, ViewerDep, problems
from incident_crds.access import KILL_SWITCH
from incident_crds.base import Timestamp

router = APIRouter(tags=["session"], responses=EVERYWHERE)

_ABILITIES = {
    "read_incidents": Permission("list", "incidents"),
    "read_experiments": Permission("list", "chaosexperiments"),
    "edit_incidents": Permission("patch", "incidents"),
    "create_incidents": Permission("create", "incidents"),
    "delete_incidents": Permission("delete", "incidents"),
    "run_experiments": Permission("create", "chaosexperiments"),
    "approve_plans": Permission("approve", "remediationplans"),
    "run_generator": Permission("patch", "incidentgenerators"),
}
"""What a board offers, and the right that it takes."""
_HALT = Permission("update", "configmaps", group="", name=KILL_SWITCH)
"""The kill switch is one object in the operator's namespace."""


class Session(BaseModel):
    """Who you are, and what you may do in the default namespace."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    user: str
    """Your name, as the API server knows it."""
    groups: list[str]
    via: Via
    """How your token came."""
    namespace: str
    """The namespace that `may` is about."""
    may: dict[str, bool]
    """What you may do there, and everywhere: `halt`, the kill switch. The cluster decides again at each write."""


class Link(BaseModel):
    """A link that signs in whoever opens it, as you."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: str
    """To be opened in a browser; it is as secret as your token."""
    expires_at: Timestamp
    """When it ends."""


async def _describe(parts: Parts, identity: Identity, via: Via) -> Session:
    namespace = parts.settings.namespace
    halt = replace(_HALT, namespace=parts.settings.system_namespace)
    wanted = {name: replace(p, namespace=namespace) for name, p in _ABILITIES.items()} | {"halt": halt}
    answers = await asyncio.gather(*(parts.reviews.may(identity, permission) for permission in wanted.values()))
    may = dict(zip(wanted, answers, strict=True))
    return Session(user=identity.user, groups=list(identity.groups), via=via, namespace=namespace, may=may)


@router.get("/session")
async def get_session(parts: PartsDep, viewer: ViewerDep) -> Session:
    """Who you are, and what you may do."""
    return await _describe(parts, viewer.identity, viewer.via)


@router.post(
    "/session",
    status_code=201,
    response_model=Session,
    responses={**WRITES, **problems("too-many-attempts", "body-too-large", "token-too-long")},
)
async def sign_in(request: Request, parts: PartsDep, body: Token) -> Response:
    """Sign in with a token: it is kept in a sealed cookie, and nowhere else."""
    identity = await parts.gate.sign_in(request, body.token.strip())
    described = await _describe(parts, identity, Via.COOKIE)
    response = JSONResponse(described.model_dump(mode="json"), 201)
    _set_cookie(request, response, parts, body.token.strip())
    return response


@router.delete("/session", status_code=204, responses=problems("cross-site"))
async def sign_out(request: Request, _: ViewerDep) -> Response:
    """Forget the cookie. The token itself stays valid for as long as the cluster says."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", secure=_is_secure(request), httponly=True, samesite="strict")
    return response


@router.post("/session/links", status_code=201, responses=problems("cross-site"))
async def make_link(request: Request, parts: PartsDep, viewer: ViewerDep) -> Link:
    """A link that signs in a browser as you, for twelve hours."""
    ticket = parts.gate.sessions.seal_link(viewer.token)
    url = request.url_for("follow_link").include_query_params(ticket=ticket)
    return Link(url=str(url), expires_at=datetime.now(UTC) + LIFETIME)


@router.get(
    "/session/link",
    status_code=303,
    response_class=RedirectResponse,
    responses={
        303: {"description": "Signed in; on to the board."},
        **problems("link-ended", "too-many-attempts", "token-too-long"),
    },
)
async def follow_link(
    request: Request,
    parts: PartsDep,
    ticket: Annotated[str, Query(pattern="^[A-Za-z0-9_=-]+$", max_length=24_000, description="From a sign-in link.")],
) -> Response:
    """Sign in with a link."""
    try:
        token = parts.gate.sessions.open_link(ticket)
    except Unsealable:
        raise unauthorized(
            "link-ended", "make another with `incident-simulator link`, or sign in with a token"
        ) from None
    await parts.gate.sign_in(request, token)
    response = RedirectResponse("/", 303)
    _set_cookie(request, response, parts, token)
    return response


def _set_cookie(request: Request, response: Response, parts: Parts, token: str) -> None:
    value = parts.gate.sessions.seal_cookie(token)
    if value is None:
        raise Problem(
            "token-too-long", "browsers keep no cookie of this size: use a token with fewer claims, or a proxy"
        )
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
