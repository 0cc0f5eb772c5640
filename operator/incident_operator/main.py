"""Start the operator: lease, services, Kopf; and end it when any of them ends. It is crash-only."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine
from typing import Any, cast

import aiohttp
import kopf
import structlog
from pydantic import ValidationError

from incident_crds import __version__
from incident_crds.apicalls import trace_calls
from incident_crds.client import ApiClient, ApiConfig, load_config
from incident_crds.environment import explain_settings, settle_memory
from incident_crds.errors import ApiError
from incident_crds.logs import configure_logs
from incident_operator import failpoints, metrics
from incident_operator.cluster.builtin import Builtin
from incident_operator.cluster.lease import Lease, LeaseLost, LeaseTimes
from incident_operator.diagnosis.factory import build_diagnoser
from incident_operator.domain.containers import Images
from incident_operator.ending import Ending
from incident_operator.handlers.watches import build_registry
from incident_operator.proxy.wrapper import load_wrapper
from incident_operator.services.operator import Operator
from incident_operator.services.status_server import StatusServer
from incident_operator.settings import Settings
from incident_operator.tracing import TraceSender, TracingUnavailable, open_sender

EXIT_FAILED = 1
EXIT_USAGE = 2

log = structlog.get_logger(__name__)


class WatchesFailed(Exception):
    """The API server told something that Kopf does not go on from: a new process begins anew."""


def main() -> int:
    """Run until told to stop. Returns 0 after a signal, 1 when it failed, 2 where it is set up wrongly."""
    try:
        settings = Settings()
        config = load_config()
    except ValidationError as error:
        for problem in explain_settings(error, "INCIDENTSIM_"):
            print(f"incident-operator: {problem}", file=sys.stderr)
        return EXIT_USAGE
    except ApiError as error:
        print(f"incident-operator: {error}", file=sys.stderr)
        return EXIT_USAGE
    configure_logs(settings.log_format, settings.log_level)
    failpoints.arm(settings.failpoint, settings.failpoint_journal)
    try:
        traces = open_sender(settings.otlp_endpoint) if settings.otlp_endpoint else None
    except TracingUnavailable as error:
        print(f"incident-operator: {error}", file=sys.stderr)
        return EXIT_USAGE
    try:
        asyncio.run(_run(settings, config, traces))
    except asyncio.CancelledError:  # by a signal
        return 0
    except (LeaseLost, WatchesFailed, ApiError, OSError) as error:
        log.error("the operator ends", reason=str(error))
        return EXIT_FAILED
    return 0


async def _run(settings: Settings, config: ApiConfig, traces: TraceSender | None) -> None:
    ending = Ending()
    ending.heed_signals()
    kopf_ready = asyncio.Event()
    identity = f"{socket.gethostname()}-{os.getpid()}"
    server = StatusServer(host=settings.host, port=settings.port, is_ready=kopf_ready.is_set)
    try:
        await server.start()
    except OSError as error:
        advice = "free the port, or set INCIDENTSIM_LISTEN to another HOST:PORT"
        raise OSError(f"cannot listen on {settings.listen}: {error.strerror or error}; {advice}") from error
    metrics.BUILD_INFO.labels("operator", __version__).set(1)
    async with ApiClient(config, on_call=metrics.count_api_call) as client:
        builtin = Builtin(config, client, namespace=settings.namespace)
        lease = Lease(builtin.client, namespace=settings.namespace, identity=identity, times=LeaseTimes(settings.lease))
        diagnoser = build_diagnoser(settings.diagnosis)
        images = Images(settings.redis_image, settings.postgres_image, settings.image, load_wrapper())
        operator = Operator(
            client=client,
            builtin=builtin,
            diagnoser=diagnoser,
            images=images,
            hold=settings.hold,
            send_trace=traces.send if traces else None,
        )
        server.serve_gauges_of(operator)
        try:
            await lease.acquire()
            log.info("this operator acts", identity=identity)
            await _act(operator, lease, ending, _watches(operator, config, ending, kopf_ready, identity))
        finally:
            ending.begin()
            await lease.release()
            if traces is not None:
                await traces.close()
            await diagnoser.close()
            await builtin.close()
            await server.stop()


async def _act(operator: Operator, lease: Lease, ending: Ending, watches: Coroutine[Any, Any, None]) -> None:
    """Until the first of lease, services and watches ends: then the others do, in this order of importance."""
    tasks = [
        asyncio.create_task(lease.keep(), name="lease"),
        asyncio.create_task(operator.run(), name="services"),
        asyncio.create_task(watches, name="watches"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.begin()
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        await task


async def _watches(
    operator: Operator, config: ApiConfig, ending: Ending, kopf_ready: asyncio.Event, identity: str
) -> None:
    """Kopf's tasks, once the store has everything. Raises WatchesFailed as soon as one of them ends.

    They are started and ended here because Kopf, when it ends by itself, takes every task of the process for its own:
    it would first wait for ours, then cancel them under our feet, and heed no signal meanwhile.
    """
    await operator.store.synced.wait()
    settle_memory()
    tasks = await kopf.spawn_tasks(
        registry=build_registry(operator, login=_login(config, operator)),
        clusterwide=True,
        standalone=True,
        identity=cast("Any", identity),  # else it asks for the user's name, and a pod's user has none
        ready_flag=kopf_ready,
    )
    ending.heed_signals()  # Kopf took them
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        failed = next((task for task in done if not task.cancelled() and task.exception()), next(iter(done)))
        reason = None if failed.cancelled() else failed.exception()
        raise WatchesFailed(f"Kopf's {failed.get_name()} ended: {reason or 'for no reason it tells'}")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _connection(config: ApiConfig) -> kopf.ConnectionInfo:
    return kopf.ConnectionInfo(
        server=config.server,
        ca_path=config.ca_file,
        token=config.current_token() or None,
        certificate_path=config.client_cert_file,
        private_key_path=config.client_key_file,
    )


def _login(config: ApiConfig, operator: Operator) -> Any:
    async def login(**_: Any) -> kopf.AiohttpSession:
        """The session that Kopf would make, but for the trace. Kopf closes it, and after a 401 asks for another."""
        info = _connection(config)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            trace_configs=[trace_calls(operator.watches.take)],
        )
        return kopf.AiohttpSession(server=config.server, aiohttp_session=session)

    return login
