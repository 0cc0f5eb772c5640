"""What is asked of the API server, in the words of RBAC: seen at the connection, whichever client asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from yarl import URL

NO_ANSWER = "none"
"""Stands for the code of a request that was not answered."""
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request and how it ended. No name of an object is in it."""

    verb: str
    group: str
    resource: str
    """With its subresource, as in `incidents/status`; empty for a path that is about no resource."""
    code: str


def describe_call(method: str, url: URL, code: str) -> ApiCall:
    """`GET /apis/g/v1/namespaces/n/things/x/status` is get of things/status in g."""
    parts = [part for part in url.path.split("/") if part]
    group, rest = "", []
    if parts[:1] == ["api"]:
        rest = parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 2:
        group, rest = parts[1], parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    if not rest:
        return ApiCall(method.lower(), group, "", code)
    resource = "/".join([rest[0], *rest[2:3]])
    return ApiCall(_verb(method, url, has_name=len(rest) > 1), group, resource, code)


def _verb(method: str, url: URL, *, has_name: bool) -> str:
    match method:
        case "GET":
            is_watch = url.query.get("watch") in ("true", "1")
            return "watch" if is_watch else "get" if has_name else "list"
        case "DELETE":
            return "delete" if has_name else "deletecollection"
        case _:
            return _VERBS.get(method, method.lower())


def trace_calls(on_call: Callable[[ApiCall], None]) -> aiohttp.TraceConfig:
    """For an aiohttp session: tells of each request once its answer begins, or once there can be none."""

    async def ended(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        on_call(describe_call(params.method, params.url, str(params.response.status)))

    async def failed(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if not isinstance(params.exception, asyncio.CancelledError):
            on_call(describe_call(params.method, params.url, NO_ANSWER))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    return trace
