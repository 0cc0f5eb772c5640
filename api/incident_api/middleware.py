"""Around every answer: measurements, security headers, a limit on what is sent in. Plain ASGI: streams pass freely."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from incident_api.metrics import REQUESTS
from incident_api.problems import Problem

BODY_SECONDS = 20.0
"""How long the next part of a body may take."""
LONGEST_BODY = 256 * 1024
"""Bytes; the largest object that makes sense is far smaller."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TOO_LARGE = f"a body has at most {LONGEST_BODY} bytes"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class RequestMetrics:
    """Measures each request by the path of the code that served it. Streams have gauges of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "unknown")
            if not path.endswith("/events"):
                method = scope["method"] if scope["method"] in _METHODS else "other"
                REQUESTS.labels(method, path, str(status)).observe(time.perf_counter() - began)


class SecurityHeaders:
    """Adds the headers to each HTTP answer, and lets none be kept by a shared cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses a body that says that it is too large, and stops reading one that turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > LONGEST_BODY:
            await Problem("body-too-large", _TOO_LARGE).to_response()(scope, receive, send)
            return
        seen, is_complete = 0, False

        async def receive_some() -> Message:
            nonlocal seen, is_complete
            if is_complete:  # from here on it waits for the client to leave
                return await receive()
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"the rest of the body did not come within {BODY_SECONDS:g} s") from None
            is_complete = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > LONGEST_BODY:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, receive_some, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
