"""The control endpoint's HTTP side: token, bodies, answers."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from incident_operator.proxy.errors import BadRequest, ProxyError, Unauthorized
from incident_operator.proxy.service import ProxyService

_LARGEST_BODY = 16 * 1024
_OPEN_ROUTE = "/healthz"

log = structlog.get_logger("proxy")
ModelT = TypeVar("ModelT", bound=BaseModel)


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a tag has printable characters only")
    return text


Seconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)]
Tag = Annotated[str, Field(max_length=200), AfterValidator(_check_printable)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StopRequest(_Body):
    """Stop the server; it starts by itself after so long."""

    seconds: Seconds
    tag: Tag = ""


class LatencyRequest(_Body):
    """Hold back all that the server sends to clients, for so long."""

    milliseconds: Annotated[int, Field(ge=1, le=60000)]
    seconds: Seconds
    tag: Tag = ""


def build_app(service: ProxyService, token: str) -> web.Application:
    """The endpoint alone; the service's loop is the caller's to run."""
    routes = _Routes(service)
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_answer_errors, _check_token(token)])
    app.add_routes(
        [
            web.get(_OPEN_ROUTE, routes.health),
            web.get("/", routes.status),
            web.post("/stop", routes.stop),
            web.post("/start", routes.start),
            web.post("/restart", routes.restart),
            web.put("/latency", routes.set_latency),
            web.delete("/latency", routes.remove_latency),
        ]
    )
    return app


class _Routes:
    """Each answers with the status that it has left."""

    def __init__(self, service: ProxyService) -> None:
        self._service = service

    async def health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok"})

    async def status(self, _: web.Request) -> web.Response:
        status = await self._service.describe()
        stop, latency = status.stop, status.latency
        return _json(
            {
                "running": status.is_running,
                "startedAt": _time(status.started_at),
                "stoppedUntil": _time(stop.until if stop else None),
                "stopTag": stop.tag if stop else "",
                "latencyMilliseconds": latency.milliseconds if latency else 0,
                "latencyUntil": _time(latency.until if latency else None),
                "latencyTag": latency.tag if latency else "",
            }
        )

    async def stop(self, request: web.Request) -> web.Response:
        body = _validate(StopRequest, await request.read())
        await self._service.stop(timedelta(seconds=body.seconds), body.tag)
        return await self.status(request)

    async def start(self, request: web.Request) -> web.Response:
        await self._service.start()
        return await self.status(request)

    async def restart(self, request: web.Request) -> web.Response:
        await self._service.restart()
        return await self.status(request)

    async def set_latency(self, request: web.Request) -> web.Response:
        body = _validate(LatencyRequest, await request.read())
        await self._service.set_latency(body.milliseconds, timedelta(seconds=body.seconds), body.tag)
        return await self.status(request)

    async def remove_latency(self, request: web.Request) -> web.Response:
        await self._service.remove_latency()
        return await self.status(request)


def _check_token(expected: str) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != _OPEN_ROUTE:
            _authorize(request, expected)
        return await handler(request)

    return check


def _authorize(request: web.Request, expected: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    if not hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected.encode()):
        raise Unauthorized("the bearer token is wrong")


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProxyError as error:
        if error.status >= 500:
            log.error("request failed", method=request.method, path=request.path, reason=str(error))
        return _json({"error": error.code, "message": str(error)}, error.status)
    except web.HTTPException as error:
        return _json({"error": error.reason.replace(" ", ""), "message": error.text or error.reason}, error.status)
    except OSError as error:
        log.error("request failed", method=request.method, path=request.path, reason=str(error))
        return _json({"error": "Internal", "message": f"the proxy failed: {error.strerror or error}"}, 500)


def _validate(model: type[ModelT], content: bytes) -> ModelT:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(f"{where}: {first['msg']}") from None


def _time(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat() if time else None


def _json(content: dict[str, JsonValue], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
