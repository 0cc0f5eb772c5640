"""What the API server sends, made sense of: objects, errors, and the lines of a watch, which may stall."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast

import aiohttp
import orjson
from pydantic import ValidationError

from incident_crds.base import Resource
from incident_crds.errors import NotUnderstood, StreamBroken, status_error

R = TypeVar("R", bound=Resource)

LONGEST_LINE = 16 * 2**20
"""Far above what etcd stores of one object."""


@contextmanager
def gc_paused() -> Iterator[None]:
    """Hold the cyclic collector while a list is built: it would walk each growing part of it again, for most of the
    time that building takes. Only around code that does not await."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def read_lines(
    stream: aiohttp.StreamReader, *, idle: timedelta, longest: int = LONGEST_LINE
) -> AsyncIterator[bytes]:
    """Whole lines, without those that are empty, until the stream ends.

    Raises TimeoutError when no line ends for `idle`, and StreamBroken when one grows past `longest`.
    The time that the caller takes for a line does not count.
    """
    loop = asyncio.get_running_loop()
    unfinished = bytearray()
    deadline = loop.time() + idle.total_seconds()
    while True:
        async with asyncio.timeout_at(deadline):
            chunk = await stream.readany()
        if not chunk:
            return
        unfinished += chunk
        if b"\n" in chunk:
            *lines, unfinished = unfinished.split(b"\n")
            for line in lines:
                if line.strip():
                    yield bytes(line)
            deadline = loop.time() + idle.total_seconds()
        if len(unfinished) > longest:
            raise StreamBroken(f"the server sent a line of more than {longest} bytes")


def parse_object(kind: type[R], raw: dict[str, Any]) -> R:
    """The typed object. Raises NotUnderstood, which says where it departs from the model."""
    try:
        return kind.parse(raw)
    except ValidationError as error:
        metadata = raw.get("metadata") or {}
        where = f"{kind.info.kind} {metadata.get('namespace')}/{metadata.get('name')}"
        raise NotUnderstood(f"{where} is not understood: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def parse_event(line: bytes) -> dict[str, Any]:
    """One line of a watch: {type, object}. Raises StreamBroken."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise StreamBroken("the watch sent a line that is not JSON") from error
    if not _is_event(event):
        raise StreamBroken("the watch sent a line that is not an event")
    return cast("dict[str, Any]", event)


def _is_event(event: object) -> bool:
    match event:
        case {"type": "ERROR", "object": dict()} | {
            "type": "BOOKMARK",
            "object": {"metadata": {"resourceVersion": str()}},
        }:
            return True
        case {"type": str(), "object": {"metadata": {"name": str(), "uid": str(), "resourceVersion": str()}}}:
            return True
        case _:
            return False


def ends_initial(event: Mapping[str, Any]) -> bool:
    """Whether a bookmark says that every object has been sent."""
    notes = event["object"]["metadata"].get("annotations") or {}
    return event["type"] == "BOOKMARK" and notes.get("k8s.io/initial-events-end") == "true"


async def raise_for_status(response: aiohttp.ClientResponse) -> None:
    """Raises the StatusError that the answer means, with the server's own message."""
    if response.status < 400:
        return
    raw = await response.read()
    try:
        status = orjson.loads(raw)
        reason, message = status.get("reason", ""), status.get("message", "")
    except (orjson.JSONDecodeError, AttributeError):
        reason, message = "", raw[:300].decode(errors="replace")
    wait = response.headers.get("Retry-After", "")
    raise status_error(
        response.status,
        reason or "",
        message or f"the server answered {response.status}",
        retry_after=float(wait) if wait.isdigit() else 1.0,
    )
