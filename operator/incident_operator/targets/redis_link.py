"""One Redis connection that is used as it is: no pool, no silent retry, errors of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis import exceptions
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from incident_operator.targets.errors import AccessDenied, Exhausted, Full, Refused, TargetError, Unreachable

Argument = str | int | bytes
Reply = object
"""As RESP2 gives it: bytes, int, None, or a list of these."""


@dataclass(frozen=True, slots=True)
class RedisLogin:
    """Where to connect and as whom. `secret_keys` are named when the server does not take them."""

    host: str
    port: int
    database: int
    username: str
    password: str = field(repr=False)
    secret_keys: str
    timeout_seconds: float
    client_name: str | None


class RedisLink:
    """A connection that many tasks may share: one command, or one batch, at a time."""

    def __init__(self, login: RedisLogin) -> None:
        self._login = login
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None

    async def call(self, *command: Argument) -> Reply:
        """One command. Raises TargetError."""
        (reply,) = await self.call_many([command])
        if isinstance(reply, TargetError):
            raise reply
        return reply

    async def call_many(self, commands: Sequence[tuple[Argument, ...]]) -> list[Reply | TargetError]:
        """A batch in one round trip; a refused command is an error in its place and stops no other."""
        async with self._lock:
            connection = await self._connect()
            try:
                await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                return [await self._read(connection) for _ in commands]
            except exceptions.RedisError as error:
                await self._drop()
                raise self._translate(error) from error
            except BaseException:
                await self._drop()  # replies that nobody reads would be taken for those of the next command
                raise

    async def close(self) -> None:
        """Hang up, without waiting for whoever uses it."""
        await self._drop()

    async def _read(self, connection: Connection) -> Reply | TargetError:
        try:
            reply: Reply = await connection.read_response(disable_decoding=True)
        except exceptions.ResponseError as error:
            return self._translate(error)
        return reply

    async def _connect(self) -> Connection:
        if self._connection is not None:
            return self._connection
        login = self._login
        connection = Connection(
            host=login.host,
            port=login.port,
            db=login.database,
            username=login.username,
            password=login.password,
            socket_timeout=login.timeout_seconds,
            socket_connect_timeout=login.timeout_seconds,
            client_name=login.client_name,
            driver_info=None,  # Redis before 7.2 refuses to be told
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # the library lacks the annotation
        except exceptions.RedisError as error:
            await connection.disconnect(nowait=True)
            raise self._translate(error) from error
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._connection = connection
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    def _translate(self, error: exceptions.RedisError) -> TargetError:
        login, text = self._login, str(error)
        where = f"{login.host}:{login.port}"
        match error:
            case exceptions.AuthenticationError() | exceptions.AuthorizationError():
                keys = f"the Secret's {login.secret_keys}"
                return AccessDenied(f"{where} does not take the credentials of {login.username!r}; check {keys}")
            case exceptions.OutOfMemoryError():
                return Full(f"{where} has no memory left for a write: {text}")
            case exceptions.MaxConnectionsError():
                return Exhausted(f"{where} takes no more clients: {text}")
            case exceptions.NoPermissionError():
                return Refused(f"{where} does not let {login.username!r} do that: {text}")
            case exceptions.BusyLoadingError() | exceptions.TimeoutError():
                return Unreachable(f"{where} does not answer: {text}")
            case exceptions.ConnectionError() if "max number of clients" in text:
                return Exhausted(f"{where} takes no more clients: {text}")
            case exceptions.ConnectionError():
                return Unreachable(f"{where} does not answer: {text}")
            case _ if "invalid username-password" in text or "WRONGPASS" in text:
                return AccessDenied(f"{where} does not take the credentials; check the Secret's {login.secret_keys}")
            case _ if "max number of clients" in text:
                return Exhausted(f"{where} takes no more clients: {text}")
            case _:
                return Refused(f"{where} refused: {text}")
