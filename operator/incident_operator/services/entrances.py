"""How to get into a system: by what its spec says of an external one, or as the operator itself has made it."""

from __future__ import annotations

from datetime import timedelta

from incident_crds.errors import NotFound
from incident_crds.mocksystem import ExternalSystem, MockSystem
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
            control=await self._control(system.metadata.namespace, external),
            timeout=timedelta(seconds=system.spec.health.timeout_seconds),
        )

    async def _control(self, namespace: str, external: ExternalSystem) -> Control | None:
        if external.control_ref is None:
            return None
        token = await self._read_secret(namespace, external.control_ref.token_secret_ref.name)
        return Control(url=external.control_ref.url, token=token.get("token", ""))

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
    return frozenset({Facility.CONTROL} if external.control_ref is not None else ())
