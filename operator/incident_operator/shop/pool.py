"""Connections that are used again, of which few are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Makes one where none is free, one at a time; keeps `kept` of those that come back, and closes the others."""

    def __init__(self, make: Callable[[], Awaitable[T]], close: Callable[[T], Awaitable[None]], *, kept: int) -> None:
        self._make = make
        self._close = close
        self._kept = kept
        self._free: list[T] = []
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[T]:
        """One of them for the time of the context; one that somebody failed with is not used again."""
        one = await self._take()
        try:
            yield one
        except BaseException:
            await self._close(one)
            raise
        if len(self._free) < self._kept:
            self._free.append(one)
        else:
            await self._close(one)

    async def _take(self) -> T:
        if self._free:
            return self._free.pop()
        async with self._making:  # who waits here may find one that came back meanwhile
            return self._free.pop() if self._free else await self._make()

    async def close(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._close(self._free.pop())
