"""`python -m incident_operator.proxy`: configured by the environment, stopped by SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from aiohttp import web

from incident_operator.proxy.forwarding import Forwarder
from incident_operator.proxy.server import build_app
from incident_operator.proxy.service import ProxyService
from incident_operator.proxy.settings import Address, ProxySettings, SettingsError, load_settings
from incident_operator.proxy.state import StateFolder
from incident_operator.proxy.upstream import Upstream

_SHUTDOWN_SECONDS = 1.0  # a request that waits for the server to stop would wait in vain: its container ends, too


def main() -> int:
    """0 after a signal, 2 where it cannot start."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )
    try:
        asyncio.run(_serve(load_settings()))
    except SettingsError as error:
        print(f"proxy: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(settings: ProxySettings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    upstream = Upstream(settings.upstream, _now)
    forwarder = Forwarder(upstream)
    service = ProxyService(StateFolder(settings.state_directory), upstream, forwarder, _now)
    service.resume()
    # no access log: the operator asks every second
    runner = web.AppRunner(build_app(service, settings.token), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    watching: asyncio.Task[None] | None = None
    try:
        await _listen(settings, forwarder, runner)
        watching = asyncio.create_task(service.watch_forever())
        over = asyncio.create_task(ended.wait())
        # a loop that fails must end the process: without it nothing would end a stop
        await asyncio.wait((watching, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if watching.done():
            await watching
    finally:
        await forwarder.close()
        await runner.cleanup()
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _listen(settings: ProxySettings, forwarder: Forwarder, runner: web.AppRunner) -> None:
    control = settings.control_listen
    try:
        await forwarder.listen(settings.listen)
    except OSError as error:
        raise _taken(settings.listen, error) from error
    try:
        await web.TCPSite(runner, control.host, control.port).start()
    except OSError as error:
        raise _taken(control, error) from error


def _taken(address: Address, error: OSError) -> SettingsError:
    return SettingsError(f"cannot listen on {address}: {error.strerror}; free the port")


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
