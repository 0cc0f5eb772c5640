"""What the control endpoint refuses, and the HTTP status that says so."""

from __future__ import annotations

from typing import ClassVar


class ProxyError(Exception):
    """Base of all that the control endpoint answers with an error.

    ProxyError
    |- BadRequest     400  the request itself is wrong
    |- Unauthorized   401  no token, or a wrong one
    |- StateBroken    500  the state directory cannot be written
    |- Unfinished     503  what was asked for did not come about in time
       |- Busy        503  another request was still at work
       |- StopEnded   503  a stop was ended before the server was down
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "Internal"


class BadRequest(ProxyError):
    """The request itself is wrong."""

    status, code = 400, "BadRequest"


class Unauthorized(ProxyError):
    """No token, or a wrong one."""

    status, code = 401, "Unauthorized"


class StateBroken(ProxyError):
    """The state directory cannot be written."""

    code = "StateBroken"


class Unfinished(ProxyError):
    """What was asked for did not come about in time."""

    status, code = 503, "Unfinished"


class Busy(Unfinished):
    """Another request was still at work; nothing was done."""

    code = "Busy"


class StopEnded(Unfinished):
    """A stop was ended, by its time or by another request, before the server was down."""

    code = "StopEnded"
