"""Errors as RFC 9457 problem documents with a stable code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from incident_crds.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotUnderstood,
    TooManyRequests,
    Unauthorized,
)

MEDIA_TYPE = "application/problem+json"
CODES: dict[str, tuple[int, str]] = {
    "invalid-request": (422, "The request is not as it has to be"),
    "invalid-body": (400, "The body cannot be read"),
    "unknown-protocol": (400, "The subprotocol is not spoken here"),
    "request-timeout": (408, "The request did not come to its end"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body has to be JSON"),
    "rejected-by-cluster": (422, "The cluster did not accept the object"),
    "not-signed-in": (401, "Nobody is signed in"),
    "token-refused": (401, "The token is not accepted"),
    "session-ended": (401, "The session ended"),
    "link-ended": (401, "The sign-in link is no longer valid"),
    "forbidden": (403, "Not allowed"),
    "cross-site": (403, "Sent from another site"),
    "too-many-attempts": (429, "Too many attempts"),
    "too-many-requests": (429, "Too many requests"),
    "too-many-streams": (503, "Too many boards are open"),
    "token-too-long": (413, "The token does not fit into a cookie"),
    "not-found": (404, "Not found"),
    "no-such-page": (404, "The list has no such page"),
    "ambiguous-name": (409, "The name is not unique"),
    "method-not-allowed": (405, "The path has no such method"),
    "conflict": (409, "Somebody was faster"),
    "already-exists": (409, "It is there already"),
    "stale-write": (409, "It was changed since it was read"),
    "request-refused": (409, "The operator refused it"),
    "already-decided": (409, "The plan is decided on already"),
    "wrong-plan-hash": (409, "The hash is not the plan's"),
    "no-plan": (409, "No plan was proposed"),
    "not-answered": (504, "The operator did not answer in time"),
    "not-synced": (503, "The resources are still being listed"),
    "cluster-unavailable": (503, "The Kubernetes API server does not answer"),
    "internal": (500, "An error of ours"),
}
"""Every code, with its HTTP status and its title. A code that was published never changes its meaning."""


class ProblemDocument(BaseModel):
    """What went wrong, why, and what to do (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow")

    type: str
    """A URN that names the code."""
    title: str
    """What the code means."""
    status: Annotated[int, Field(ge=400, le=599)]
    """The HTTP status."""
    detail: str
    """What happened this time, and what to do."""
    code: str
    """For programs; it never changes its meaning."""


class Problem(Exception):
    """Any error that is answered. `more`: members of the document besides; `current` is the state as it is now."""

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status, self.title = CODES[code]
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def to_json(self) -> bytes:
        """The document."""
        document = {
            "type": f"urn:incident-simulator:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.more,
        }
        return orjson.dumps(document)

    def to_response(self) -> Response:
        """The HTTP answer."""
        return Response(self.to_json(), self.status, self.headers, MEDIA_TYPE)


def unauthorized(code: str, detail: str) -> Problem:
    """With the header that says how to sign in."""
    return Problem(code, detail, headers={"WWW-Authenticate": 'Bearer realm="incident-simulator"'})


def busy(code: str, detail: str, seconds: float) -> Problem:
    """Try again later; `seconds` is about when."""
    return Problem(code, detail, headers={"Retry-After": str(math.ceil(seconds))})


def problem_of(error: ApiError) -> Problem:
    """The API server's answers as ours; the message of a refusal is its own."""
    match error:
        case Unauthorized():
            return unauthorized("token-refused", "the API server does not accept the token: sign in with another")
        case Forbidden():
            return Problem("forbidden", str(error))
        case NotFound():
            return Problem("not-found", str(error))
        case AlreadyExists():
            return Problem("already-exists", str(error))
        case Conflict():
            return Problem("conflict", f"{error}: read it again and repeat what you want")
        case Invalid():
            return Problem("rejected-by-cluster", str(error))
        case TooManyRequests():
            return busy("too-many-requests", "the API server asks to wait", error.retry_after)
        case NotUnderstood():
            return Problem("internal", f"{error}: the API and the resources are of different versions")
        case _:
            return busy("cluster-unavailable", f"the Kubernetes API server does not answer: {error}", 2)
