"""The board's own files, and its page for every path that is not the API's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from incident_api.lists import is_known, takes_gzip
from incident_api.webroot import INDEX, WebFile, make_file

_NO_PAGES = ("/api/", "/assets/", "/trigger", "/clear")
"""No page of the board has such an address: a wrong one is told as an error, also to a browser."""
_FOREVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Incident simulator</title>
<style>:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem}
code{font-size:.9em}</style></head>
<body><h1>Incident simulator</h1>
<p>The API runs, and the board was not built yet. Run <code>make board</code> in the checkout, then start the API
again.</p><ul>
<li><a href="/api/v1/incidents">/api/v1/incidents</a>: incidents as JSON</li>
<li><a href="/status">/status</a>: the systems</li>
<li><a href="/api/v1/events">/api/v1/events</a>: the live stream</li>
<li><a href="/api/v1/openapi.json">/api/v1/openapi.json</a>: every path</li>
</ul></body></html>
"""


@dataclass(frozen=True, slots=True)
class _Label:
    """What metrics call these requests, whose paths anybody can make up."""

    path: str


class Web:
    """The ASGI application of every path that no route knows; what is not the board's either is `otherwise`."""

    def __init__(self, files: Mapping[str, WebFile], otherwise: ASGIApp) -> None:
        self._files = files
        self._index = files.get(INDEX)
        self._root = self._index or make_file(INDEX, _NOT_BUILT.encode())
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            request = Request(scope)
            found = self._find(scope["path"])
            page = self._page(request) if found is None else None
            if file := found or page:
                scope["route"] = _Label("/assets/*" if file.is_immutable else "/")
                await _answer(request, file, by_accept=page is not None)(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)

    def _find(self, path: str) -> WebFile | None:
        return self._root if path == "/" else self._files.get(path[1:])

    def _page(self, request: Request) -> WebFile | None:
        """The board knows which of its pages the path is; programs, which do not ask for one, get an error."""
        if request.scope["path"].startswith(_NO_PAGES) or not _takes_html(request.headers.get("accept", "")):
            return None
        return self._index


def _takes_html(accept: str) -> bool:
    """Whether a page is named: any other program takes `*/*`."""
    return any(part.partition(";")[0].strip().lower() == "text/html" for part in accept.split(","))


def _answer(request: Request, file: WebFile, *, by_accept: bool) -> Response:
    vary = [*(["Accept"] if by_accept else []), *(["Accept-Encoding"] if file.compressed is not None else [])]
    headers = {"ETag": file.etag, "Cache-Control": _FOREVER if file.is_immutable else "no-cache"}
    if vary:
        headers["Vary"] = ", ".join(vary)
    if is_known(request, file.etag):
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.compressed is not None and takes_gzip(request.headers.get("accept-encoding", "")):
        body = file.compressed
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = file.media_type
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, headers=headers)
