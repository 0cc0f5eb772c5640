"""What can go wrong between us and the API server.

ApiError
├── ConfigError          no usable kubeconfig or service account
├── Unreachable          no answer: refused, reset, timed out
├── StreamBroken         a watch's stream makes no sense: list again
├── NotUnderstood        an object that the models do not understand: made by another version
└── StatusError          the server answered with an error
    ├── Invalid          400, 422: the object or the patch is wrong; the message is the server's
    ├── Unauthorized     401
    ├── Forbidden        403: by RBAC or by an admission policy; the message is the server's
    ├── NotFound         404
    ├── Conflict         409: somebody changed the object meanwhile
    │   └── AlreadyExists
    ├── Gone             410: the watch's position is too old, list again
    ├── TooManyRequests  429, with `retry_after` seconds
    └── ServerUnavailable  5xx
"""

from __future__ import annotations


class ApiError(Exception):
    """Anything between us and the API server."""


class ConfigError(ApiError):
    """No usable kubeconfig or service account."""


class Unreachable(ApiError):
    """No answer from the server."""


class StreamBroken(ApiError):
    """A watch's stream makes no sense; list again."""


class NotUnderstood(ApiError):
    """An object that the models do not understand."""


class StatusError(ApiError):
    """The server answered with an error; the message is its own."""


class Invalid(StatusError):
    """The object or the patch is wrong."""


class Unauthorized(StatusError):
    """The token is not accepted."""


class Forbidden(StatusError):
    """RBAC or an admission policy does not allow it."""


class NotFound(StatusError):
    """The object is not there."""


class Conflict(StatusError):
    """Somebody changed the object meanwhile."""


class AlreadyExists(Conflict):
    """An object of that name is there already."""


class Gone(StatusError):
    """The watch's position is too old; list again."""


class TooManyRequests(StatusError):
    """The server asks to wait `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerUnavailable(StatusError):
    """The server failed to do it."""


def status_error(code: int, reason: str, message: str, *, retry_after: float = 1.0) -> StatusError:
    """The error for a metav1.Status, or for an HTTP answer without one."""
    if code == 409 and reason == "AlreadyExists":
        return AlreadyExists(message)
    if code == 429:
        return TooManyRequests(message, retry_after=retry_after)
    kinds: dict[int, type[StatusError]] = {
        400: Invalid,
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
        410: Gone,
        422: Invalid,
    }
    return kinds.get(code, ServerUnavailable if code >= 500 else StatusError)(message)


def describe_cause(error: Exception) -> str:
    """Its kind, and what the system says where it says something; never a header, which could hold a token."""
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__} ({reason})" if reason else type(error).__name__
