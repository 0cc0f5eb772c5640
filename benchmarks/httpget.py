"""One GET on a connection of its own, timed to the last byte."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

_READ_SIZE = 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Times count from before the connection is opened."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    """As it came, so compressed where it was."""
    seconds: float


def request_bytes(host: str, path: str, headers: Mapping[str, str]) -> bytes:
    """A GET after whose answer the server closes."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def get(host: str, port: int, path: str, headers: Mapping[str, str], *, seconds: float) -> Answer:
    """Raises OSError or TimeoutError where there is no whole answer within `seconds`."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(host, port, limit=_READ_SIZE)
        try:
            writer.write(request_bytes(host, path, headers))
            parts = []
            while part := await reader.read(_READ_SIZE):
                parts.append(part)
        finally:
            writer.close()
    return _parse(b"".join(parts), time.monotonic() - began)


def _parse(raw: bytes, seconds: float) -> Answer:
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not separator:
        raise ConnectionError("the server closed without an answer")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _joined_chunks(body)
    elif "content-length" in headers and len(body) != int(headers["content-length"]) and first.split()[1] != "304":
        raise ConnectionError("the server closed in the middle of the answer")
    return Answer(int(first.split()[1]), headers, body, seconds)


def _joined_chunks(body: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise ConnectionError("the server closed in the middle of the answer")
        size = int(body[at:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
