"""How one sees from outside that a process is ready to serve."""

from __future__ import annotations

import asyncio
import ssl
import struct
from pathlib import Path

import aiohttp

from incident_local.ports import LOOPBACK

_POSTGRES_PROTOCOL = 3 << 16


class HttpProbe:
    """A GET that answers 200."""

    def __init__(self, url: str, *, ca: Path | None = None, token: str = "") -> None:
        self._url = url
        self._ca = ca
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def __call__(self) -> bool:
        tls = ssl.create_default_context(cafile=str(self._ca)) if self._ca else True
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session,
                session.get(self._url, ssl=tls) as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            return False


class RedisProbe:
    """A signed-in PING: while Redis loads its data it answers LOADING instead."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self._port = port
        self._question = f"AUTH {username} {password}\r\nPING\r\n".encode()

    async def __call__(self) -> bool:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            writer.write(self._question)
            return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
        finally:
            writer.close()


class PostgresProbe:
    """A start-up message: a server that still recovers refuses it with an error, a ready one asks for the password."""

    def __init__(self, port: int, username: str, database: str) -> None:
        self._port = port
        parameters = b"".join(text.encode() + b"\0" for text in ("user", username, "database", database)) + b"\0"
        self._question = struct.pack("!ii", 8 + len(parameters), _POSTGRES_PROTOCOL) + parameters

    async def __call__(self) -> bool:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            writer.write(self._question)
            return await reader.read(1) == b"R"
        finally:
            writer.close()
