"""How to get into a system: by what its spec says of an external one, or as the operator itself has made it."""

from __future__ import annotations

from datetime import timedelta

from incident_crds.errors import NotFound
from incident_crds.mocksystem import ControlRef, MockSystem, ProxyRef
from incident_operator.cluster.builtin import Builtin
from incident_operator.services.deployments import Deployments
from incident_operator.targets.base import Access, Facility
from incident_operator.targets.control import Control
from incident_operator.targets.errors import CredentialsGone


class Entrances:
    """Reads the Secrets. Raises TargetError and ApiError."""

    def __init__(self, builtin: Builtin, deployments: Deployments) -> None:
        self._builtin = builtin
        self._deployments = deployments

    async def access(self, system: MockSystem) -> Access:
        """As its spec and its Secrets are now."""
        external = system.spec.external
        if external is None:
            return await self._deployments.access(system)
        secret = await self._read_secret(system.metadata.namespace, external.credentials_secret_ref.name)
        return Access(
            endpoint=external.endpoint,
            username=secret.get("username", ""),
            password=secret.get("password", ""),
            app_username=secret.get("appUsername", ""),
            app_password=secret.get("appPassword", ""),
            database=secret.get("database"),
            capacity_bytes=system.spec.capacity_bytes,
            client_endpoint=external.proxy_ref.client_endpoint if external.proxy_ref else "",
            control=await self._control(system.metadata.namespace, external.control_ref),
            proxy=await self._control(system.metadata.namespace, external.proxy_ref),
            timeout=timedelta(seconds=system.spec.health.timeout_seconds),
        )

    async def _control(self, namespace: str, ref: ControlRef | ProxyRef | None) -> Control | None:
        if ref is None:
            return None
        token = await self._read_secret(namespace, ref.token_secret_ref.name)
        return Control(url=ref.url, token=token.get("token", ""))

    async def _read_secret(self, namespace: str, name: str) -> dict[str, str]:
        """A missing Secret is a system that cannot be entered, not one that is gone with its faults."""
        try:
            return await self._builtin.read_secret(namespace, name)
        except NotFound as error:
            raise CredentialsGone(f"Secret {name} does not exist in namespace {namespace}; create it") from error


def facilities(system: MockSystem) -> frozenset[Facility]:
    """What reaches the system from outside."""
    external = system.spec.external
    if external is None:
        return frozenset(Facility)
    found = {Facility.CONTROL: external.control_ref, Facility.PROXY: external.proxy_ref}
    return frozenset(facility for facility, ref in found.items() if ref is not None)
