"""Start the API and serve until told to stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from contextlib import suppress

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError
from typing_extensions import override

from incident_api.app import build_app, build_parts
from incident_api.cluster.mirror import Mirror
from incident_api.settings import Settings
from incident_api.streaming.hub import Hub
from incident_api.streaming.protocol import FrameProtocol
from incident_api.streaming.socket import LONGEST_MESSAGE
from incident_crds.client import ApiClient, ApiConfig, load_config
from incident_crds.environment import explain_settings, settle_memory, split_list
from incident_crds.errors import ApiError
from incident_crds.logs import configure_logs

EXIT_FAILED = 1
EXIT_USAGE = 2
GRACE_SECONDS = 2
FAREWELL_SECONDS = 1.0
FIRST_LISTS_SECONDS = 60
PING_SECONDS = 20.0
STALLED_MILLISECONDS = 30_000
BACKLOG = 4096

log = structlog.get_logger(__name__)


def main() -> int:
    """Returns 0 after a signal, 1 when it failed, 2 where it is set up wrongly."""
    try:
        settings = Settings()
        config = load_config()
    except ValidationError as error:
        for problem in explain_settings(error, "INCIDENTSIM_API_"):
            print(f"incident-api: {problem}", file=sys.stderr)
        return EXIT_USAGE
    except ApiError as error:
        print(f"incident-api: {error}", file=sys.stderr)
        return EXIT_USAGE
    configure_logs(settings.log_format, settings.log_level)
    try:
        listener = open_listener(settings.host, settings.port)
    except OSError as error:
        advice = "free the port, or set INCIDENTSIM_API_LISTEN to another HOST:PORT"
        log.error("the API ends", reason=f"cannot listen on {settings.listen}: {error.strerror or error}; {advice}")
        return EXIT_FAILED
    try:
        uvloop.run(serve(settings, config, listener))
    except (ApiError, OSError) as error:
        log.error("the API ends", reason=str(error))
        return EXIT_FAILED
    return 0


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket. The kernel ends connections whose peer takes nothing for half a minute. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MILLISECONDS)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(settings: Settings, config: ApiConfig, listener: socket.socket) -> None:
    """Until a signal; then every stream says goodbye, and what is under way is finished."""
    if not settings.has_session_secret:
        log.warning("sessions end with this process: set INCIDENTSIM_API_SESSION_SECRET_FILE to keep them")
    async with ApiClient(config) as client:
        parts = build_parts(settings, config, client)
        proxies = split_list(settings.trusted_proxies)
        server = BoardServer(
            uvicorn.Config(
                build_app(parts),
                http="httptools",
                ws=FrameProtocol,
                ws_max_size=LONGEST_MESSAGE,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                ws_per_message_deflate=False,  # costs each connection memory, and each message a compression of its own
                backlog=BACKLOG,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
                server_header=False,
                access_log=False,
                log_config=None,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_SECONDS,
                timeout_keep_alive=30,
            ),
            parts.hub,
        )
        log.info("the API listens", address=settings.listen)
        settling = asyncio.create_task(_rest_collector(parts.mirror))
        await server.serve(sockets=[listener])
        settling.cancel()


class BoardServer(uvicorn.Server):
    """Ends the streams before it waits for the connections: they would not end by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for open_socket in sockets or []:
            open_socket.close()  # nobody new
        self._hub.close()
        await self._hub.wait_empty(GRACE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                while any(isinstance(connection, FrameProtocol) for connection in self.server_state.connections):  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.02)  # clients answer a goodbye; cut off before, they would not know why
        await super().shutdown(sockets)


FIRST_LISTS_SECONDS = 60


async def _rest_collector(mirror: Mirror) -> None:
    """Keep the garbage collector from walking the first lists while they grow, and ever after.

    It rests until they are here, but no longer than a while: requests leave garbage meanwhile.
    """
    settle_memory()
    gc.disable()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LISTS_SECONDS):
                await mirror.wait_synced()
    finally:
        gc.enable()
    gc.freeze()
