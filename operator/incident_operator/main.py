"""Start the operator: lease, services, Kopf; and end it when any of them ends. It is crash-only."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
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
from incident_operator.handlers.watches import build_registry
from incident_operator.proxy.wrapper import load_wrapper
from incident_operator.services.operator import Operator
from incident_operator.services.status_server import StatusServer
from incident_operator.settings import Settings
from incident_operator.tracing import TraceSender, TracingUnavailable, open_sender

EXIT_FAILED = 1
EXIT_USAGE = 2

log = structlog.get_logger(__name__)


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
    except (LeaseLost, ApiError, OSError) as error:
        log.error("the operator ends", reason=str(error))
        return EXIT_FAILED
    return 0


async def _run(settings: Settings, config: ApiConfig, traces: TraceSender | None) -> None:
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
            await _act(operator, lease, config, kopf_ready, identity)
        finally:
            await lease.release()
            if traces is not None:
                await traces.close()
            await diagnoser.close()
            await builtin.close()
            await server.stop()


async def _act(operator: Operator, lease: Lease, config: ApiConfig, kopf_ready: asyncio.Event, identity: str) -> None:
    """Until the first of lease, services and Kopf ends. Kopf ends by itself on a signal."""
    services = asyncio.create_task(operator.run(), name="services")
    renewal = asyncio.create_task(lease.keep(), name="lease")
    while not operator.store.is_synced:
        if services.done():
            await services
        await asyncio.sleep(0.01)
    settle_memory()
    registry = build_registry(operator, login=_login(config, operator))
    watches = asyncio.create_task(
        kopf.operator(
            registry=registry,
            clusterwide=True,
            standalone=True,
            identity=cast("Any", identity),  # else it asks for the user's name, and a pod's user has none
            ready_flag=kopf_ready,
        ),
        name="kopf",
    )
    tasks = {services, renewal, watches}
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        await task


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
