"""Start the API and serve until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from contextlib import suppress

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError

from incident_api.app import build_app, build_parts
from incident_api.cluster.mirror import Mirror
from incident_api.metrics import count_api_call
from incident_api.server import BACKLOG, GRACE_SECONDS, BoardServer, PatientHttpProtocol, open_listener
from incident_api.settings import Settings
from incident_api.streaming.protocol import FrameProtocol
from incident_api.streaming.socket import LONGEST_MESSAGE
from incident_crds.client import ApiClient, ApiConfig, load_config
from incident_crds.environment import explain_settings, settle_memory, split_list
from incident_crds.errors import ApiError
from incident_crds.logs import configure_logs

EXIT_FAILED = 1
EXIT_USAGE = 2
FIRST_LISTS_SECONDS = 60
PING_SECONDS = 20.0

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
    logging.getLogger("uvicorn.error").addFilter(_is_ours)
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


def _is_ours(record: logging.LogRecord) -> bool:
    """Not what any client can make uvicorn say, with a stack trace at that."""
    return not str(record.msg).startswith(("Invalid UTF-8", "Invalid HTTP request", "ASGI callable returned without"))


async def serve(settings: Settings, config: ApiConfig, listener: socket.socket) -> None:
    """Until a signal; then every stream says goodbye, and what is under way is finished."""
    if not settings.has_session_secret:
        log.warning("sessions end with this process: set INCIDENTSIM_API_SESSION_SECRET_FILE to keep them")
    async with ApiClient(config, on_call=count_api_call) as client:
        parts = build_parts(settings, config, client)
        proxies = split_list(settings.trusted_proxies)
        server = BoardServer(
            uvicorn.Config(
                build_app(parts),
                http=PatientHttpProtocol,
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
