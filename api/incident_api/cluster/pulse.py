"""Whether the API server answers at all: asked every two seconds, since a watch may be silent for a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from incident_crds.client import ApiClient
from incident_crds.errors import ApiError, StatusError

EVERY_SECONDS = 2.0
ANSWER_SECONDS = 2.0
_VERSION = "/version"
"""Answered without a look into the store, to anybody."""


class Pulse:
    """The time of the API server's last sign of life."""

    def __init__(self, client: ApiClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._last: float | None = None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(EVERY_SECONDS)

    async def beat(self) -> None:
        """Ask once; an error is an answer as long as it is the server's."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._client.request("GET", _VERSION)
        except StatusError:
            pass
        except (ApiError, TimeoutError):
            return
        self._last = self._clock()

    def age(self) -> timedelta | None:
        """Time since it last answered; None before it ever did."""
        return None if self._last is None else timedelta(seconds=self._clock() - self._last)

    @property
    def is_missed(self) -> bool:
        """It missed a beat: what is known may be behind, and asking it would only take time."""
        age = self.age()
        return age is None or age.total_seconds() > EVERY_SECONDS + 1.5 * ANSWER_SECONDS
