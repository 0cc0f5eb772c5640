"""What the API server must hold before the operator starts. Applying it again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from incident_crds.action import Action
from incident_crds.base import APPROVE_ANNOTATION, APPROVED_BY_ANNOTATION, CHAOS_LABEL, ObjectMeta
from incident_crds.catalogue import ActionType, SignalName, SystemType
from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.errors import (
    ApiError,
    Forbidden,
    Invalid,
    NotFound,
    ServerUnavailable,
    TooManyRequests,
    Unreachable,
)
from incident_crds.manifests import PLURALS, access_rules, admission_policies, custom_resource_definitions
from incident_crds.mocksystem import (
    ControlRef,
    ExternalSystem,
    HealthPolicy,
    MockSystem,
    MockSystemSpec,
    ProxyRef,
    SecretRef,
    SystemPhase,
)
from incident_crds.remediationplan import RemediationPlan, RemediationPlanSpec, VerificationCheck
from incident_local.control import ControlEndpoint
from incident_local.errors import SetupFailed
from incident_local.identities import NAMESPACE, Identities
from incident_local.systems.base import TargetSystem
from incident_local.systems.proxy import Proxy
from incident_local.systems.shop import DEPENDS_ON

SYSTEM_NAMESPACE = "incidentsim-system"
CONTROL_SECRET = "laptop-control"  # noqa: S105 - the name of a Secret
_MANAGER = "incidentsim-laptop"
_TIERS = {SystemType.REDIS: "cache", SystemType.POSTGRES: "database", SystemType.DISK: "disk"}
"""Label for selectors, as people who run such systems would set it."""
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1

Manifest = dict[str, Any]


class Bootstrap:
    """Applies everything as admin, and proves as others that the policies act."""

    def __init__(self, server: str, identities: Identities) -> None:
        self._server = server
        self._identities = identities

    async def run(self, proxies: Sequence[Proxy], endpoint: ControlEndpoint, control_token: str) -> None:
        """Raises SetupFailed when the API server refuses something, or does not come to act on it."""
        try:
            async with self._client("admin") as admin:
                await self._apply_all(admin, proxies, endpoint, control_token)
        except (Unreachable, ServerUnavailable, TooManyRequests) as error:
            raise SetupFailed(
                f"The API server did not answer during the set-up: {error}",
                remedy="see the end of its log, control-plane.log; a machine that is busy may need a second try",
            ) from error
        except ApiError as error:
            raise SetupFailed(
                f"The API server refused the set-up: {error}",
                remedy="a state folder of another version may hold what this one cannot change: "
                "`incident-simulator down --delete-data`, then start again",
            ) from error

    async def wait_systems(self, systems: Sequence[TargetSystem]) -> None:
        """Until the operator has reached every system and put its ordinary data there. Raises SetupFailed."""
        names = {system.name for system in systems}
        async with self._client("viewer") as viewer:
            await _until("the systems are ready", lambda: _are_ready(viewer, names))

    def _client(self, user: str) -> ApiClient:
        token_file = str(self._identities.token_file(user))
        return ApiClient(ApiConfig(self._server, ca_file=str(self._identities.ca), token_file=token_file))

    async def _apply_all(
        self, admin: ApiClient, proxies: Sequence[Proxy], endpoint: ControlEndpoint, control_token: str
    ) -> None:
        can_stamp = await _serves_mutating_policies(admin)
        await _apply(admin, [_namespace(SYSTEM_NAMESPACE), _namespace(NAMESPACE, {CHAOS_LABEL: "enabled"})])
        definitions = custom_resource_definitions()
        await _apply(admin, definitions)
        policies = admission_policies(can_stamp=can_stamp, system_namespace=SYSTEM_NAMESPACE)
        await _apply(admin, [*access_rules(SYSTEM_NAMESPACE), *policies])
        await _until("the resource definitions are served", lambda: _are_established(admin, definitions))
        async with self._client("operator") as operator, self._client("sre") as sre:
            await _until("the approval policies act", lambda: _are_guarded(operator, sre, can_stamp=can_stamp))
        await _apply(
            admin,
            [_secret(CONTROL_SECRET, {"token": control_token}), *(_credentials(proxy.system) for proxy in proxies)],
        )
        await _apply(admin, [_mock_system(proxy, endpoint.url(proxy.system.name)) for proxy in proxies])


async def _apply(client: ApiClient, manifests: Sequence[Manifest]) -> None:
    await asyncio.gather(
        *(client.apply(manifest, plural=PLURALS[manifest["kind"]], field_manager=_MANAGER) for manifest in manifests)
    )


async def _until(what: str, condition: Callable[[], Awaitable[bool]]) -> None:
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            while not await condition():  # noqa: ASYNC110 - it asks the server, there is no event
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise SetupFailed(
            f"Waited {_WAIT_SECONDS:g} s until {what}, in vain", remedy="see the logs of control-plane and operator"
        ) from None


async def _serves_mutating_policies(client: ApiClient) -> bool:
    served = await client.request("GET", "/apis/admissionregistration.k8s.io/v1")
    return any(resource["name"] == "mutatingadmissionpolicies" for resource in served["resources"])


async def _are_established(client: ApiClient, definitions: Sequence[Manifest]) -> bool:
    served = await client.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    established = {
        item["metadata"]["name"]
        for item in served["items"]
        for condition in item.get("status", {}).get("conditions") or ()
        if condition["type"] == "Established" and condition["status"] == "True"
    }
    return all(definition["metadata"]["name"] in established for definition in definitions)


async def _are_ready(client: ApiClient, names: set[str]) -> bool:
    found = await client.list_all(MockSystem, NAMESPACE)
    return names <= {s.metadata.name for s in found if s.status.phase is SystemPhase.READY and s.status.seeded}


async def _are_guarded(operator: ApiClient, sre: ApiClient, *, can_stamp: bool) -> bool:
    """Try it, without leaving anything: the operator may not approve, and a forged name is overwritten or refused."""
    try:
        await _try_approval(operator, author="")
    except Forbidden as error:
        if "incidentsim-approval" not in str(error):
            return False  # RBAC is not in force yet
    except (NotFound, Invalid, ServerUnavailable):
        return False  # the kind is defined, and not served yet
    else:
        return False
    try:
        answer = await _try_approval(sre, author="sre")
    except Forbidden:
        return not can_stamp
    except (NotFound, Invalid, ServerUnavailable):
        return False
    return can_stamp and answer["metadata"]["annotations"].get(APPROVED_BY_ANNOTATION) == "sre"


async def _try_approval(client: ApiClient, *, author: str) -> Manifest:
    plan = RemediationPlan(
        metadata=ObjectMeta(
            name="policy-probe",
            namespace=NAMESPACE,
            annotations={APPROVE_ANNOTATION: "probe", APPROVED_BY_ANNOTATION: "somebody-else"},
        ),
        spec=RemediationPlanSpec(
            incident_ref="none",
            author=author,
            actions=[Action(id="probe", type=ActionType.RESTART_SYSTEM, system="none")],
            verification=[VerificationCheck(system="none", signal=SignalName.CANARY)],
        ),
    )
    path = raw_path(RemediationPlan.info.api_version, RemediationPlan.info.plural, NAMESPACE)
    return await client.request("POST", path, query={"dryRun": "All"}, body=_manifest(plan))


def _manifest(resource: MockSystem | RemediationPlan) -> Manifest:
    """Only what was said: a default would overwrite what a person set since, such as spec.protected."""
    manifest = resource.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    manifest |= {"apiVersion": resource.info.api_version, "kind": resource.info.kind}
    manifest.pop("status", None)
    manifest["metadata"] = {name: value for name, value in manifest["metadata"].items() if value}
    return manifest


def _namespace(name: str, labels: Mapping[str, str] | None = None) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels or {})}}


def _secret(name: str, values: Mapping[str, str]) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(values)}


def _credentials(system: TargetSystem) -> Manifest:
    given = system.credentials
    values = {
        "username": given.username,
        "password": given.password,
        "appUsername": given.app_username,
        "appPassword": given.app_password,
    }
    return _secret(_secret_name(system), values | ({"database": system.database} if system.database else {}))


def _secret_name(system: TargetSystem) -> str:
    return f"{system.name}-credentials"


def _mock_system(proxy: Proxy, control_url: str) -> Manifest:
    system, token = proxy.system, SecretRef(name=CONTROL_SECRET)
    spec = MockSystemSpec(
        type=system.type,
        external=ExternalSystem(
            endpoint=system.endpoint,
            credentials_secret_ref=SecretRef(name=_secret_name(system)),
            control_ref=ControlRef(url=control_url, token_secret_ref=token),
            proxy_ref=ProxyRef(client_endpoint=proxy.client_endpoint, url=proxy.control_url, token_secret_ref=token),
        ),
        capacity_bytes=system.capacity_bytes,
        health=HealthPolicy(interval_seconds=1),
    )
    if system.name in DEPENDS_ON:
        spec.depends_on = list(DEPENDS_ON[system.name])
    labels = {"stack": "laptop", "tier": _TIERS[system.type]}
    return _manifest(MockSystem(metadata=ObjectMeta(name=system.name, namespace=NAMESPACE, labels=labels), spec=spec))
