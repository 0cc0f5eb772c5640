"""Serves requests as many a real application does: a request holds its database session for as long as it lasts.

While the cache answers at once, one or two sessions are in use. Where it is slow or gone, each request tries it again
for some seconds and holds its session meanwhile, doing nothing: the requests that come pile up on the database, which
is sound itself. That ends by itself as soon as the cache answers.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count

import structlog
from psycopg import AsyncConnection
from psycopg import Error as PostgresError
from redis.asyncio.connection import Connection
from redis.exceptions import RedisError

from incident_operator.shop.pool import Pool
from incident_operator.shop.settings import ShopSettings

APPLICATION_NAME = "shop-web"
CACHE_SECONDS = 0.3
"""So long a request waits for the cache before it tries again, after a pause that grows."""
CACHE_PAUSES = (0.25, 0.5, 1.0, 1.0, 1.0)
CONNECT_SECONDS = 5
_BASKETS = 50
_BASKET_LIVES_SECONDS = "60"
_PRICES = "SELECT n, n * 100 AS cents FROM generate_series(1, 5) AS n"
_STOCK = "SELECT current_date"

log = structlog.get_logger("shop")


class Shop:
    """Requests come at a steady rate, whatever becomes of those before: `sessions` at most are served at once."""

    def __init__(self, settings: ShopSettings) -> None:
        self._settings = settings
        self._sessions = Pool(self._open_session, _close_session, kept=2)
        self._caches = Pool(self._open_cache, _close_cache, kept=1)
        self._serving: set[asyncio.Task[None]] = set()
        self._is_well = True

    async def serve_forever(self) -> None:
        loop = asyncio.get_running_loop()
        interval = 1 / self._settings.requests_per_second
        due = loop.time()
        for number in count():
            if len(self._serving) < self._settings.sessions:
                task = asyncio.create_task(self._serve(f"shop:basket:{number % _BASKETS}"))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)
            due = max(due + interval, loop.time())  # what came too late is not made up for: it would be a burst
            await asyncio.sleep(due - loop.time())

    async def close(self) -> None:
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._sessions.close()
        await self._caches.close()

    async def _serve(self, basket: str) -> None:
        try:
            async with self._sessions.taken() as session:
                await session.execute(_PRICES)
                is_cached = await self._ask_cache(basket)
                await session.execute(_STOCK)
        except (PostgresError, OSError) as error:
            self._note(False, f"a request failed: {error}")
        else:
            self._note(is_cached, "the cache does not answer; requests are served late")

    async def _ask_cache(self, key: str) -> bool:
        """Whether the cache answered, sooner or later. A request without it is served late, and served."""
        for pause in (*CACHE_PAUSES, 0.0):
            with suppress(RedisError, OSError):  # TimeoutError is an OSError
                async with asyncio.timeout(CACHE_SECONDS), self._caches.taken() as cache:
                    if await _call(cache, "GET", key) is None:
                        await _call(cache, "SET", key, "3 apples", "EX", _BASKET_LIVES_SECONDS)
                    return True
            await asyncio.sleep(pause)
        return False

    def _note(self, is_well: bool, why: str) -> None:
        """One line at each change, not at each request."""
        if is_well != self._is_well:
            self._is_well = is_well
            log.info("requests are served" if is_well else why)

    async def _open_session(self) -> AsyncConnection:
        return await AsyncConnection.connect(
            self._settings.postgres,
            user=self._settings.username,
            password=self._settings.postgres_password,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_SECONDS,
            autocommit=True,
        )

    async def _open_cache(self) -> Connection:
        address = self._settings.redis.removeprefix("redis://").partition("/")[0]
        host, _, port = address.rpartition(":")
        connection = Connection(
            host=host, port=int(port), username=self._settings.username, password=self._settings.redis_password
        )
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # the library lacks the annotation
        except BaseException:
            await _close_cache(connection)
            raise
        return connection


async def _call(cache: Connection, *command: str) -> object:
    await cache.send_command(*command)
    reply: object = await cache.read_response()
    return reply


async def _close_session(session: AsyncConnection) -> None:
    with suppress(PostgresError, OSError):
        await session.close()


async def _close_cache(cache: Connection) -> None:
    with suppress(RedisError, OSError):
        await cache.disconnect(nowait=True)
