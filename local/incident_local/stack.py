"""Everything that one `up` runs, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from incident_local.accounts import unprivileged_account
from incident_local.apiserver import build_control_plane, build_envtest, server_url
from incident_local.board import BoardBuilder
from incident_local.bootstrap import SYSTEM_NAMESPACE, Bootstrap
from incident_local.control import ControlEndpoint
from incident_local.gobuild import ControlPlaneBuilder, find_envtest
from incident_local.identities import NAMESPACE, Identities, ensure_identities, ensure_secret, write_kubeconfigs
from incident_local.ports import LOOPBACK, PortBook
from incident_local.probes import HttpProbe
from incident_local.processes import Command
from incident_local.programs import find_postgres, find_redis
from incident_local.progress import Progress
from incident_local.runinfo import RunInfo, write_run_info
from incident_local.settings import PORT_FIELDS, ControlPlaneKind, Settings, child_environment
from incident_local.state import StateFolder
from incident_local.supervisor import OnExit, Service, Supervisor
from incident_local.systems.base import TargetSystem
from incident_local.systems.disk import build_disk
from incident_local.systems.postgres import build_postgres
from incident_local.systems.proxy import PROXY_PORTS, build_proxy
from incident_local.systems.redis import build_redis
from incident_local.systems.shop import build_shop
from incident_local.wheels import WheelStore


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A started stack, and the supervisor that answers for it."""

    info: RunInfo
    supervisor: Supervisor
    operator: Service
    """How the operator is started, for who asked for a stack without one."""


class StackStarter:
    """Prepares and starts everything for one state folder, which the caller holds the lock of."""

    def __init__(self, settings: Settings, state: StateFolder, progress: Progress) -> None:
        self._settings = settings
        self._state = state
        self._progress = progress
        self._store = WheelStore(settings.cache_dir, progress)
        self._ports = PortBook(state.ports_file, settings.configured_ports())

    @asynccontextmanager
    async def running(self, *, with_operator: bool = True, with_api: bool = True) -> AsyncIterator[RunningStack]:
        """A ready stack for the time of the context. Raises LocalError, and then nothing is left running."""
        with closing(self._ports) as book:
            # All of them first: a port that is taken has to be told before anything is started.
            ports = {name: book.claim(name) for name in (*PORT_FIELDS, *PROXY_PORTS)}
            async with self._started(ports, with_operator=with_operator, with_api=with_api) as stack:
                yield stack

    @asynccontextmanager
    async def _started(
        self, ports: Mapping[str, int], *, with_operator: bool, with_api: bool
    ) -> AsyncIterator[RunningStack]:
        identities = ensure_identities(self._state)
        control_plane = await self._control_plane(identities, ports)
        if with_api:
            await BoardBuilder(self._settings.cache_dir, self._store, self._progress).folder()
        with self._progress.step("prepare redis, postgres and the disk"):
            systems = await self._systems(ports)
            proxies = [build_proxy(system, self._state, ports) for system in systems]
        server = server_url(ports["api-server"])
        control_token = ensure_secret(self._state.control_token)
        ensure_secret(self._state.api_session_secret)
        write_kubeconfigs(self._state, identities, server)
        async with (
            Supervisor(self._progress.warn) as supervisor,
            ControlEndpoint(
                supervisor, port=ports["control"], token=control_token, warn=self._progress.warn
            ) as endpoint,
        ):
            for service in [*control_plane, *(system.service for system in systems)]:
                await self._start(supervisor, service)
            endpoint.serve_systems(system.name for system in systems)
            bootstrap = Bootstrap(server, identities)
            with self._progress.step("apply resources, rights, policies; start the proxies"):
                starts = (supervisor.start(proxy.service) for proxy in proxies)
                applying = bootstrap.run(proxies, endpoint, control_token)
                await supervisor.unless_failed(_together(applying, *starts))
            operator = self._operator(ports["operator"])
            if with_operator:
                await self._start(supervisor, operator)
                await self._start(supervisor, build_shop({p.system.name: p for p in proxies}, self._state))
            if with_api:  # before the systems are waited for: the operator reaches them meanwhile
                await self._start(supervisor, self._api(ports["api"]))
            if with_operator:
                with self._progress.step("reach and seed the systems"):
                    await supervisor.unless_failed(bootstrap.wait_systems(systems))
            info = self._run_info(server, endpoint, ports, has_api=with_api)
            write_run_info(self._state, info)
            yield RunningStack(info, supervisor, operator)

    async def _start(self, supervisor: Supervisor, service: Service) -> None:
        with self._progress.step(f"start {service.command.name}"):
            await supervisor.unless_failed(supervisor.start(service))

    async def _control_plane(self, identities: Identities, ports: Mapping[str, int]) -> list[Service]:
        port = ports["api-server"]
        if self._settings.control_plane is ControlPlaneKind.ENVTEST:
            etcd, server = find_envtest(self._settings.kubebuilder_assets)
            return build_envtest(etcd, server, self._state, identities, port=port, etcd_port=ports["etcd"])
        builder = ControlPlaneBuilder(self._settings.cache_dir, self._store, self._progress)
        binary = await builder.binary()
        return build_control_plane(binary, self._state, identities, port=port)

    async def _systems(self, ports: Mapping[str, int]) -> list[TargetSystem]:
        redis = await find_redis(self._store)
        account = unprivileged_account()
        postgres = await find_postgres(self._store, account)
        return [
            build_redis(redis, self._state, ports["redis-test"]),
            await build_postgres(postgres, self._state, ports["postgres-test"], account),
            build_disk(self._state, ports["disk-monitor"]),
        ]

    def _operator(self, port: int) -> Service:
        environment = child_environment(
            KUBECONFIG=str(self._state.operator_kubeconfig),
            INCIDENTSIM_LISTEN=f"{LOOPBACK}:{port}",
            INCIDENTSIM_NAMESPACE=SYSTEM_NAMESPACE,
            INCIDENTSIM_LEASE_SECONDS="6",  # nobody else wants this control plane's time
            INCIDENTSIM_LOG_FORMAT=self._settings.log_format,
            INCIDENTSIM_LOG_LEVEL=self._settings.log_level,
            **self._settings.model_keys(),
        )
        argv = (sys.executable, "-m", "incident_operator")
        command = Command("operator", argv, self._state.logs / "operator.log", environment, stop_seconds=20.0)
        return Service(command, HttpProbe(f"http://{LOOPBACK}:{port}/readyz"), OnExit.RESTART, 60.0)

    def _api(self, port: int) -> Service:
        environment = child_environment(
            KUBECONFIG=str(self._state.api_kubeconfig),
            INCIDENTSIM_API_LISTEN=f"{LOOPBACK}:{port}",
            INCIDENTSIM_API_NAMESPACE=NAMESPACE,
            INCIDENTSIM_API_SYSTEM_NAMESPACE=SYSTEM_NAMESPACE,
            INCIDENTSIM_API_SESSION_SECRET_FILE=str(self._state.api_session_secret),
            INCIDENTSIM_LOG_FORMAT=self._settings.log_format,
            INCIDENTSIM_LOG_LEVEL=self._settings.log_level,
        )
        argv = (sys.executable, "-m", "incident_api")
        command = Command("api", argv, self._state.logs / "api.log", environment)
        return Service(command, HttpProbe(f"http://{LOOPBACK}:{port}/readyz"), OnExit.RESTART)

    def _run_info(self, server: str, endpoint: ControlEndpoint, ports: Mapping[str, int], *, has_api: bool) -> RunInfo:
        return RunInfo(
            pid=os.getpid(),
            started_at=datetime.now(UTC).isoformat(),
            server=server,
            kubeconfig=str(self._state.kubeconfig),
            operator_kubeconfig=str(self._state.operator_kubeconfig),
            api_kubeconfig=str(self._state.api_kubeconfig),
            logs=str(self._state.logs),
            control_url=endpoint.url("").removesuffix("/"),
            operator_url=f"http://{LOOPBACK}:{ports['operator']}",
            api_url=f"http://{LOOPBACK}:{ports['api']}",
            has_api=has_api,
        )


async def _together(*work: Awaitable[None]) -> None:
    """All at the same time, as each mostly waits. Where one fails, nothing of the others goes on."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
