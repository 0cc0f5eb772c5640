"""The one place where errors become HTTP answers: every one of them a problem document."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from incident_api.problems import Problem, problem_of
from incident_crds.errors import ApiError

log = structlog.get_logger(__name__)


def install_handlers(app: FastAPI) -> None:
    """Every error of every path leaves as a problem document."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for it only
        return error.to_response()

    async def on_api_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)  # noqa: S101 - registered for it only
        return problem_of(error).to_response()

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it only
        return _invalid_request(request, error).to_response()

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it only
        return _http_problem(request, error).to_response()

    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
        return Problem("internal", "the request failed by an error of ours; the log says where").to_response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_bug)


def _invalid_request(request: Request, error: RequestValidationError) -> Problem:
    """What was sent is not repeated: it could be a token, and need not be text."""
    found = error.errors()
    kind = request.headers.get("content-type", "")
    if kind and "json" not in kind and any(problem["loc"][0] == "body" for problem in found):
        return Problem("unsupported-media-type", "send the body as application/json")
    if any(problem["type"] == "json_invalid" for problem in found):
        return Problem("invalid-body", "the body is not JSON")
    errors = [{"where": _where(problem["loc"]), "message": _printable(str(problem["msg"]))} for problem in found[:20]]
    first = errors[0] if errors else {"where": "request", "message": "it is not understood"}
    return Problem("invalid-request", f"{first['where']}: {first['message']}", errors=errors)


def _where(location: tuple[int | str, ...]) -> str:
    return _printable(".".join(str(part) for part in location))[:200]


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _http_problem(request: Request, error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return Problem("not-found", "there is no such path; the document at /api/v1/openapi.json lists all")
        case 405:
            allowed = ", ".join(_methods_of(request))
            return Problem("method-not-allowed", f"this path takes {allowed}", headers={"Allow": allowed})
        case 400:
            return Problem("invalid-body", "the body cannot be read as JSON in UTF-8")
        case 408:
            return Problem("request-timeout", str(error.detail))
        case 413:
            return Problem("body-too-large", str(error.detail))
        case _:
            return Problem("internal", f"the request failed with status {error.status_code}")


def _methods_of(request: Request) -> list[str]:
    """Those of all routes of the path, of which the framework names the first's only. A path without parameters, such
    as /incidents/resolved, has its own, and not those of /incidents/{id}."""
    documented = request.app.openapi()["paths"].get(request.url.path)
    if documented is not None:
        return sorted(method.upper() for method in documented)
    scopes = [{**request.scope, "method": method} for method in ("DELETE", "GET", "PATCH", "POST", "PUT")]
    routes = request.app.routes
    return [s["method"] for s in scopes if any(route.matches(s)[0] is Match.FULL for route in routes)]
