"""The agent's HTTP side: tokens, bodies, answers."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from incident_operator.disk_agent.errors import AgentError, BadRequest, Forbidden, Unauthorized
from incident_operator.disk_agent.expiry import ExpiryRecords
from incident_operator.disk_agent.service import DiskService
from incident_operator.disk_agent.settings import AgentSettings
from incident_operator.disk_agent.volume import ORDINARY_FILES, Volume

_LARGEST_BODY = 64 * 1024
_CANARY_ROUTE = "/canary"
_OPEN_ROUTE = "/healthz"

log = structlog.get_logger("disk-agent")
ModelT = TypeVar("ModelT", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class FillRequest(_Body):
    """Make a file of this length that goes by itself after its lifetime."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    bytes: Annotated[int, Field(ge=1, le=2**50)]
    lifetime_seconds: Annotated[float, Field(gt=0, le=86400)]


class DeleteRequest(_Body):
    """Remove these files, relative to the root."""

    files: Annotated[list[str], Field(min_length=1, max_length=64)]


class FilesQuery(_Body):
    """The largest files whose path begins so."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    prefix: Annotated[str, Field(max_length=255)] = ""


def build_app(settings: AgentSettings, clock: Callable[[], datetime]) -> web.Application:
    """The whole service. `clock` is a parameter so that a test can move time."""
    service = DiskService(Volume(settings.directory, settings.capacity_bytes), ExpiryRecords(settings.directory), clock)
    routes = _Routes(service, started_at=clock())
    app = web.Application(
        client_max_size=_LARGEST_BODY, middlewares=[_answer_errors, _check_token(settings.token, settings.app_token)]
    )
    app.add_routes(
        [
            web.get(_OPEN_ROUTE, routes.health),
            web.get("/usage", routes.usage),
            web.get("/files", routes.files),
            web.delete("/files", routes.delete),
            web.post("/fill", routes.fill),
            web.post(_CANARY_ROUTE, routes.canary),
            web.get("/seed", routes.count_ordinary),
            web.post("/seed", routes.seed),
        ]
    )

    async def keep_expiring(_: web.Application) -> AsyncIterator[None]:
        loop = asyncio.create_task(service.expire_forever())
        yield
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop

    app.cleanup_ctx.append(keep_expiring)
    return app


class _Routes:
    def __init__(self, service: DiskService, *, started_at: datetime) -> None:
        self._service = service
        self._started_at = started_at

    async def health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "startedAt": self._started_at.astimezone(UTC).isoformat()})

    async def usage(self, _: web.Request) -> web.Response:
        usage = await self._service.usage()
        return _json({"totalBytes": usage.total, "usedBytes": usage.used, "enforcedBy": usage.enforced_by})

    async def files(self, request: web.Request) -> web.Response:
        query = _validate(FilesQuery, orjson.dumps(dict(request.query)))
        found = await self._service.largest_files(query.limit, query.prefix)
        return _json(
            {"files": [{"path": f.path, "bytes": f.bytes, "modifiedAt": f.modified_at.isoformat()} for f in found]}
        )

    async def fill(self, request: web.Request) -> web.Response:
        body = _validate(FillRequest, await request.read())
        length = await self._service.fill(body.name, body.bytes, timedelta(seconds=body.lifetime_seconds))
        return _json({"name": body.name, "bytes": length})

    async def delete(self, request: web.Request) -> web.Response:
        body = _validate(DeleteRequest, await request.read())
        done = await self._service.delete(body.files)
        return _json({"deleted": list(done.deleted), "missing": list(done.missing), "freedBytes": done.freed})

    async def canary(self, _: web.Request) -> web.Response:
        await self._service.append_log_line()
        return _json({"status": "ok"})

    async def count_ordinary(self, _: web.Request) -> web.Response:
        return _json({"expected": len(ORDINARY_FILES), "present": await self._service.count_ordinary()})

    async def seed(self, _: web.Request) -> web.Response:
        return _json({"expected": len(ORDINARY_FILES), "present": await self._service.seed()})


def _check_token(control: str, ordinary: str) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != _OPEN_ROUTE:
            _authorize(request, control, ordinary)
        return await handler(request)

    return check


def _authorize(request: web.Request, control: str, ordinary: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("send the header Authorization: Bearer TOKEN")
    # both comparisons always run, in constant time: an answer's delay tells nothing about either token
    token = given.strip().encode("utf-8", "surrogateescape")
    is_control = hmac.compare_digest(token, control.encode())
    is_ordinary = hmac.compare_digest(token, ordinary.encode())
    if is_control:
        return
    if not is_ordinary:
        raise Unauthorized("the bearer token is wrong")
    if (request.method, request.path) != ("POST", _CANARY_ROUTE):
        raise Forbidden("this token may only use POST /canary; use the control token")


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except AgentError as error:
        if error.status == 500:
            log.error("request failed", method=request.method, path=request.path, reason=str(error))
        return _json({"error": error.code, "message": str(error)}, error.status)
    except web.HTTPException as error:
        return _json({"error": error.reason.replace(" ", ""), "message": error.text or error.reason}, error.status)
    except OSError as error:
        log.error("request failed", method=request.method, path=request.path, reason=str(error))
        return _json({"error": "DirectoryBroken", "message": f"the directory failed: {error.strerror}"}, 500)


def _validate(model: type[ModelT], content: bytes) -> ModelT:
    try:
        return model.model_validate_json(content, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(f"{where}: {first['msg']}") from None


def _json(content: dict[str, JsonValue], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
