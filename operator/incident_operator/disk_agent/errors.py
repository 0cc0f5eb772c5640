"""What the agent refuses, and the HTTP status that says so."""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """Base of all that the agent answers with an error.

    AgentError
    |- BadRequest       400  the request itself is wrong
    |  |- UnsafePath    400  a path that could leave the root
    |- Unauthorized     401  no token, or a wrong one
    |- Forbidden        403  the token's rights do not go so far
    |- NameTaken        409  the file exists and is not the agent's to grow
    |- DirectoryBroken  500  the directory cannot be read or written
    |- Full             507  it would go past the capacity
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "Internal"


class BadRequest(AgentError):
    """The request itself is wrong."""

    status, code = 400, "BadRequest"


class UnsafePath(BadRequest):
    """A path that could leave the root, or that is not a plain file in it."""

    code = "UnsafePath"


class Unauthorized(AgentError):
    """No token, or a wrong one."""

    status, code = 401, "Unauthorized"


class Forbidden(AgentError):
    """The token is known, but its rights do not go so far."""

    status, code = 403, "Forbidden"


class NameTaken(AgentError):
    """The file exists and was not made by a fill."""

    status, code = 409, "NameTaken"


class DirectoryBroken(AgentError):
    """The directory cannot be read or written."""

    code = "DirectoryBroken"


class Full(AgentError):
    """It would go past the capacity."""

    status, code = 507, "Full"
