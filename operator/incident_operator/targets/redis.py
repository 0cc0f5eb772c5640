"""Redis over two links: one kept for control, one newly made for each canary."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from typing_extensions import override

from incident_crds.catalogue import SystemType
from incident_operator.targets.base import CONTROL_KEYS, OPERATOR_NAME, ORDINARY_KEYS, Access, Target
from incident_operator.targets.errors import Refused, TargetError, Unreachable
from incident_operator.targets.redis_clients import Client, read_clients
from incident_operator.targets.redis_link import Argument, RedisLink, RedisLogin, Reply

_CANARY_KEY = "healthcheck:last"
_CANARY_LIFETIME_SECONDS = 60
_KILLED_AT_ONCE = 200  # the server looks at all its clients for each
_ORDINARY = {
    **{f"user:{n}": f'{{"id": {n}, "name": "user {n}", "plan": "basic"}}' for n in range(300)},
    **{f"product:{n}": f'{{"id": {n}, "title": "product {n}", "stock": {n % 40}}}' for n in range(200)},
}


class RedisTarget(Target):
    """A Redis server, 6 or later (it needs ACL users)."""

    type: ClassVar[SystemType] = SystemType.REDIS
    canary_round_trips: ClassVar[int] = 3  # AUTH, SET, GET

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._kept: RedisLink | None = None

    def new_link(self, client_name: str = "", *, ordinary: bool = False) -> RedisLink:
        """A connection of its own, made at its first command; the caller closes it."""
        access = self.access.for_clients() if ordinary else self.access
        host, port, database = access.parse()
        if database and not database.isdecimal():
            raise Refused(f"spec.external.endpoint {access.endpoint!r}: a Redis database is a number")
        return RedisLink(
            RedisLogin(
                host=host,
                port=port or 6379,
                database=int(database or 0),
                username=access.app_username if ordinary else access.username,
                password=access.app_password if ordinary else access.password,
                secret_keys=ORDINARY_KEYS if ordinary else CONTROL_KEYS,
                timeout_seconds=access.timeout.total_seconds(),
                client_name=None if ordinary else client_name,  # ordinary users may lack CLIENT
            )
        )

    async def new_client(self, name: str) -> RedisLink:
        """A connection with ordinary rights and a name, made at once; the caller closes it. Raises TargetError."""
        link = self.new_link(ordinary=True)
        try:
            async with self.bounded():
                await link.call("HELLO", 2, "SETNAME", name)  # unlike CLIENT, it is allowed to every user
        except BaseException:
            await link.close()
            raise
        return link

    @override
    async def open(self) -> None:
        try:
            await self.call("PING")
        except Unreachable:
            await self.call("PING")

    @override
    async def close(self) -> None:
        if self._kept is not None:
            await self._kept.close()

    @override
    async def canary(self) -> timedelta:
        started = time.perf_counter()
        link = self.new_link(ordinary=True)
        try:
            async with self.bounded():
                await link.call("SET", _CANARY_KEY, "ok", "EX", _CANARY_LIFETIME_SECONDS)
                if await link.call("GET", _CANARY_KEY) is None:
                    raise Refused(f"{self.access.address} lost a key that it had just taken")
        finally:
            await link.close()
        return timedelta(seconds=time.perf_counter() - started)

    @override
    async def seed(self) -> None:
        replies = await self.call_many([("SET", key, value, "NX") for key, value in _ORDINARY.items()])
        for reply in replies:
            if isinstance(reply, TargetError):
                raise reply

    @override
    async def count_ordinary(self) -> int:
        return as_int(await self.call("EXISTS", *_ORDINARY))

    @override
    async def identity(self) -> str:
        return (await self.info("server"))["run_id"]

    @override
    async def ping(self) -> timedelta:
        started = time.perf_counter()
        await self.call("PING")
        return timedelta(seconds=time.perf_counter() - started)

    async def call(self, *command: Argument) -> Reply:
        """One command with control rights."""
        async with self.bounded():
            return await self._control_link().call(*command)

    async def call_many(self, commands: Sequence[tuple[Argument, ...]]) -> list[Reply | TargetError]:
        """A batch with control rights; a refused command is an error in its place."""
        async with self.bounded():
            return await self._control_link().call_many(commands)

    async def clients(self) -> list[Client]:
        """Who is connected, ourselves included, oldest first."""
        return list(read_clients(as_text(await self.call("CLIENT", "LIST"))))

    async def client_ids(self, name: str) -> list[int]:
        """The connections of exactly this name. The server gives no id twice, so that one can be ended safely."""
        return [client.id for client in await self.clients() if client.name == name]

    async def end_clients(self, ids: Sequence[int]) -> int:
        """End these connections, whatever they do; how many of them there still were."""
        ended = 0
        for start in range(0, len(ids), _KILLED_AT_ONCE):
            batch = ids[start : start + _KILLED_AT_ONCE]
            for reply in await self.call_many([("CLIENT", "KILL", "ID", id) for id in batch]):
                if isinstance(reply, TargetError):
                    raise reply
                ended += as_int(reply)
        return ended

    def _control_link(self) -> RedisLink:
        if self._kept is None:
            self._kept = self.new_link(OPERATOR_NAME)
        return self._kept

    async def info(self, section: str) -> Mapping[str, str]:
        """A section of INFO as the server prints it."""
        return parse_info(await self.call("INFO", section))

    async def scan(self, pattern: str = "*", *, page: int = 1000) -> AsyncIterator[list[bytes]]:
        """Pages of keys; as SCAN does, it may give one twice, and misses none that was there all the time."""
        cursor = b"0"
        while True:
            reply = await self.call("SCAN", cursor, "MATCH", pattern, "COUNT", page)
            cursor, keys = reply if isinstance(reply, list) else (b"0", [])
            yield keys
            if cursor == b"0":
                return


def parse_info(reply: Reply) -> Mapping[str, str]:
    """The answer to INFO by name."""
    pairs = (line.partition(":") for line in as_text(reply).splitlines() if not line.startswith("#"))
    return {name: value for name, _, value in pairs if value}


def parse_clients(reply: Reply) -> list[Mapping[str, str]]:
    """The answer to CLIENT LIST: each connection's fields by name."""
    return [dict(pair.partition("=")[::2] for pair in line.split()) for line in as_text(reply).splitlines()]


def escape_glob(text: str) -> str:
    """A pattern that matches this text and nothing else."""
    return "".join(f"\\{char}" if char in "*?[]\\^-" else char for char in text)


def as_int(reply: Reply) -> int:
    """A number that the protocol promises."""
    if isinstance(reply, int):
        return reply
    raise Refused(f"expected a number, got {reply!r:.80}")


def as_text(reply: Reply) -> str:
    """A text that the protocol promises; what is not UTF-8 is replaced."""
    if isinstance(reply, bytes):
        return reply.decode("utf-8", "replace")
    raise Refused(f"expected a text, got {reply!r:.80}")
