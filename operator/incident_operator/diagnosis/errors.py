"""Why a provider gave no diagnosis.

ProviderError
├── TimedOut          no answer within its budget                  an outage
├── Unreachable       no connection                                an outage
├── ServerFailed      5xx                                          an outage
├── RateLimited       429, with the wait that it asks for          an outage
├── ModelRetired      404, or words that say so                    a setting to change
├── BadCredentials    401 or 403                                   a setting to change
├── RequestRefused    any other 4xx: what we sent is wrong         our bug
└── InvalidReply      an answer that is no diagnosis               worth one repair
"""

from __future__ import annotations

from typing import ClassVar


class ProviderError(Exception):
    """The next provider is asked. `outcome` is for programs, the message for people; it never holds a key."""

    outcome: ClassVar[str]
    is_outage: ClassVar[bool] = False
    """Three in a row, and the provider is left alone for a while."""
    tokens: tuple[int | None, int | None] = (None, None)
    """What was sent and came back all the same, where it was counted."""


class TimedOut(ProviderError):
    outcome: ClassVar[str] = "Timeout"
    is_outage: ClassVar[bool] = True


class Unreachable(ProviderError):
    outcome: ClassVar[str] = "Unreachable"
    is_outage: ClassVar[bool] = True


class ServerFailed(ProviderError):
    outcome: ClassVar[str] = "ServerError"
    is_outage: ClassVar[bool] = True


class RateLimited(ProviderError):
    """`retry_after` is in seconds; 0 where the server did not say."""

    outcome: ClassVar[str] = "RateLimited"
    is_outage: ClassVar[bool] = True

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelRetired(ProviderError):
    outcome: ClassVar[str] = "ModelRetired"


class BadCredentials(ProviderError):
    outcome: ClassVar[str] = "BadCredentials"


class RequestRefused(ProviderError):
    outcome: ClassVar[str] = "RequestRefused"


class InvalidReply(ProviderError):
    outcome: ClassVar[str] = "InvalidReply"
