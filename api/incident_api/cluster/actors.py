"""Acting in a person's name: the same server, and no credential but that person's token."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from incident_crds.client import ApiClient, ApiConfig


class Actors:
    """One pool of connections for all. It holds no credential of this process, not even a client certificate:

    a connection that has one acts as its owner, whatever token a request carries.
    """

    def __init__(self, config: ApiConfig) -> None:
        self._base = ApiClient(
            replace(config, token=None, token_file=None, client_cert_file=None, client_key_file=None)
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._base)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def acting_as(self, token: str) -> ApiClient:
        """A client with that token. Valid for as long as this object is open."""
        return self._base.with_token(token)
