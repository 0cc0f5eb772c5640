"""One operator acts at a time: a Lease that is held, or the process ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog
from kubernetes.aio import client as k8s
from kubernetes.aio.client.exceptions import ApiException

from incident_crds.access import LEASE
from incident_operator import metrics

REQUEST_SECONDS = 3.0

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another operator may be acting: this process must end at once."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long the lease lasts. Its holder gives up after two thirds of that, and renews six times in it."""

    duration: timedelta = timedelta(seconds=15)

    @property
    def renew_deadline(self) -> timedelta:
        return self.duration * 2 / 3

    @property
    def retry(self) -> timedelta:
        return self.duration / 6


class Lease:
    """Leader election on a coordination.k8s.io Lease.

    The holder gives up before others may take over (renew_deadline < duration). Others measure
    the lease's age by when they saw it change, on their own clock: clocks of two hosts differ.
    """

    def __init__(self, client: k8s.ApiClient, *, namespace: str, identity: str, times: LeaseTimes) -> None:
        self._api = k8s.CoordinationV1Api(client)
        self._namespace = namespace
        self._identity = identity
        self._times = times
        self._seen: tuple[str, float] = ("", 0.0)

    async def acquire(self) -> None:
        """Return once the lease is ours; wait for it as long as it takes."""
        announced = False
        while not await self._try_hold():
            if not announced:
                log.info("another operator holds the lease; waiting for it to end")
                announced = True
            await asyncio.sleep(self._times.retry.total_seconds())
        metrics.LEASE_HELD.set(1)

    async def keep(self) -> None:
        """Renew until cancelled. Raises LeaseLost when it could not be renewed in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._times.renew_deadline.total_seconds()
        while True:
            await asyncio.sleep(self._times.retry.total_seconds())
            started = loop.time()
            try:
                async with asyncio.timeout_at(deadline):
                    held = await self._try_hold()
            except TimeoutError:
                held = False
            if held:
                deadline = started + self._times.renew_deadline.total_seconds()
            elif loop.time() >= deadline:
                metrics.LEASE_HELD.set(0)
                raise LeaseLost(f"lease {self._namespace}/{LEASE} could not be renewed in time")

    async def release(self) -> None:
        """Let the next one take over at once. Best effort: it expires by itself."""
        try:
            lease = await self._api.read_namespaced_lease(LEASE, self._namespace, _request_timeout=REQUEST_SECONDS)
            if lease.spec is not None and lease.spec.holder_identity == self._identity:
                lease.spec.holder_identity = ""
                await self._api.replace_namespaced_lease(
                    LEASE, self._namespace, lease, _request_timeout=REQUEST_SECONDS
                )
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            log.info("lease was not released; it expires by itself", error=type(error).__name__)

    async def _try_hold(self) -> bool:
        try:
            return await self._take_or_renew()
        except ApiException as error:
            if error.status != 409:  # 409: another one was faster
                log.warning("lease request failed", status=error.status, reason=error.reason)
            return False
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("lease request failed", error=type(error).__name__)
            return False

    async def _take_or_renew(self) -> bool:
        try:
            lease = await self._api.read_namespaced_lease(LEASE, self._namespace, _request_timeout=REQUEST_SECONDS)
        except ApiException as error:
            if error.status != 404:
                raise
            body = k8s.V1Lease(metadata=k8s.V1ObjectMeta(name=LEASE), spec=self._spec(transitions=0))
            await self._api.create_namespaced_lease(self._namespace, body, _request_timeout=REQUEST_SECONDS)
            return True
        spec = lease.spec or k8s.V1LeaseSpec()
        ours = spec.holder_identity == self._identity
        if not ours and spec.holder_identity and not self._is_stale(f"{spec.holder_identity} {spec.renew_time}"):
            return False
        transitions = (spec.lease_transitions or 0) + (0 if ours else 1)
        lease.spec = self._spec(transitions=transitions)
        await self._api.replace_namespaced_lease(LEASE, self._namespace, lease, _request_timeout=REQUEST_SECONDS)
        return True

    def _is_stale(self, state: str) -> bool:
        now = asyncio.get_running_loop().time()
        if self._seen[0] != state:
            self._seen = (state, now)
        return now - self._seen[1] >= self._times.duration.total_seconds()

    def _spec(self, *, transitions: int) -> k8s.V1LeaseSpec:
        return k8s.V1LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=int(self._times.duration.total_seconds()),
            renew_time=datetime.now(UTC),
            lease_transitions=transitions,
        )
