"""The application: its parts put together once, its paths, and what runs beside them."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute

from incident_api.access.finder import Finder
from incident_api.access.gate import Gate
from incident_api.access.sessions import Sessions
from incident_api.board.board import Board
from incident_api.board.presence import Presence
from incident_api.cluster.actors import Actors
from incident_api.cluster.killswitch import KillSwitchWatch
from incident_api.cluster.mirror import Mirror
from incident_api.cluster.reviews import Reviews
from incident_api.errors import install_handlers
from incident_api.lists import Lists
from incident_api.metrics import measure_lag
from incident_api.middleware import BodyLimit, RequestMetrics, SecurityHeaders
from incident_api.openapi import PREFIX, describe
from incident_api.routes import (
    agent,
    configuration,
    experiments,
    gamedays,
    generator,
    health,
    incidents,
    killswitch,
    requests,
    session,
    shorthands,
    stream,
    systems,
)
from incident_api.routes.dependencies import Parts
from incident_api.routes.web import Web
from incident_api.settings import Settings
from incident_api.streaming.hub import Hub, Pace
from incident_api.streaming.renewal import keep_renewed
from incident_api.streaming.socket import Socket
from incident_api.webroot import find_folder, read_folder
from incident_api.writes.decisions import Decisions
from incident_api.writes.experiments import Experiments
from incident_api.writes.generators import Generators
from incident_api.writes.incidents import Incidents
from incident_api.writes.killswitch import KillSwitches
from incident_crds.client import ApiClient, ApiConfig
from incident_crds.environment import split_list

ROUTERS = (
    incidents.router,
    requests.router,
    agent.router,
    experiments.router,
    systems.router,
    gamedays.router,
    generator.router,
    killswitch.router,
    stream.router,
    session.router,
    configuration.router,
    health.router,
)
ROOT_ROUTERS = (health.root, shorthands.router)

log = structlog.get_logger(__name__)


def build_parts(settings: Settings, config: ApiConfig, client: ApiClient, *, pace: Pace | None = None) -> Parts:
    """Everything that one process consists of; nothing runs yet."""
    board = Board(epoch=secrets.token_hex(4))
    actors = Actors(config)
    reply = timedelta(seconds=settings.reply_seconds)
    hub = Hub(board, Presence(), most_streams=settings.most_streams, pace=pace)
    mirror = Mirror(client, board, on_news=hub.announce)
    kill_switch = KillSwitchWatch(client, settings.system_namespace, on_change=hub.tell_kill_switch)
    reviews = Reviews(client, is_down=lambda: mirror.pulse.is_missed)
    written = Incidents(actors=actors, mirror=mirror, board=board, reply=reply)
    return Parts(
        settings=settings,
        board=board,
        mirror=mirror,
        kill_switch=kill_switch,
        reviews=reviews,
        gate=Gate(
            reviews=reviews,
            sessions=Sessions(settings.session_secrets()),
            namespaces=lambda: {settings.namespace, *mirror.namespaces()},
            allowed_origins=split_list(settings.allowed_origins),
            token_header=settings.token_header,
        ),
        finder=Finder(board),
        actors=actors,
        hub=hub,
        lists=Lists(board, mirror),
        incidents=written,
        decisions=Decisions(actors=actors, mirror=mirror, incidents=written, reply=reply),
        experiments=Experiments(actors=actors, mirror=mirror, board=board, reply=reply),
        generators=Generators(actors=actors, mirror=mirror),
        kill_switches=KillSwitches(actors=actors, watch=kill_switch, namespace=settings.system_namespace),
    )


def build_app(parts: Parts) -> FastAPI:
    """The paths and what is around them. Its lifespan starts and ends the watches and the stream."""
    middleware = [Middleware(RequestMetrics), Middleware(SecurityHeaders), Middleware(BodyLimit)]
    if origins := split_list(parts.settings.allowed_origins):
        middleware.insert(1, _cors(origins))
    app = FastAPI(
        lifespan=_lifespan,
        middleware=middleware,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.parts = parts
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    for router in ROOT_ROUTERS:
        app.include_router(router)
    stream_route = WebSocketRoute(f"{PREFIX}/ws", Socket(parts.hub, parts.admit, parts.finder))
    app.router.routes.insert(0, stream_route)  # behind all others, it would be found last, for each of many boards
    folder = find_folder(parts.settings.board_dir)
    app.router.default = Web(read_folder(folder) if folder else {}, app.router.default)
    install_handlers(app)
    describe(app)
    return app


def _cors(origins: list[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Link", "X-Total-Count", "Incidentsim-Seq", "Incidentsim-Age", "Incidentsim-Fresh"],
        max_age=600,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    async with parts.actors:
        loops = [
            asyncio.create_task(parts.mirror.run(), name="mirror"),
            asyncio.create_task(parts.kill_switch.run(), name="kill switch"),
            asyncio.create_task(parts.hub.run(), name="hub"),
            asyncio.create_task(measure_lag(), name="lag"),
            asyncio.create_task(keep_renewed(parts.hub, parts.gate, parts.mirror), name="renewal"),
        ]
        for loop in loops:
            loop.add_done_callback(_tell_if_failed)
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


def _tell_if_failed(task: asyncio.Task[None]) -> None:
    """A loop that ends by an error is a bug, and a board that stands still: the process ends, to be started again."""
    if not task.cancelled() and task.exception() is not None:
        log.error("a loop of the API failed; the process ends", loop=task.get_name(), exc_info=task.exception())
        asyncio.get_running_loop().call_soon(_end_process)


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
