"""The kill switch, as the uninstall turns it on, and the few objects that the operator keeps in its own namespace."""

from __future__ import annotations

from collections.abc import Callable

from incident_crds.access import COUNTER, KILL_SWITCH, LEASE
from incident_crds.base import Resource
from incident_crds.client import ApiClient
from incident_crds.configmap import ConfigMap
from incident_crds.errors import NotFound
from incident_operator.hooks.definitions import FIELD_MANAGER
from incident_operator.hooks.kinds import Lease

REASON = "the simulator is being uninstalled"
_WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


async def turn_on(client: ApiClient, namespace: str, tell: Callable[[str], None]) -> None:
    """No fault begins from now on, and each that is active is undone. Where it is on already, it stays as it is."""
    try:
        found = (await client.get(ConfigMap, namespace, KILL_SWITCH)).data
    except NotFound:
        found = {"enabled": "false"}
    if found.get("enabled", "true") != "false":
        tell(
            f"The kill switch is on already: {found.get('reason', 'no reason given')} (by {found.get('by', 'unknown')})"
        )
        return
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    user = (await client.request("POST", _WHO_AM_I, body=review))["status"]["userInfo"]["username"]
    manifest = {
        "apiVersion": ConfigMap.info.api_version,
        "kind": ConfigMap.info.kind,
        "metadata": {"name": KILL_SWITCH, "namespace": namespace},
        "data": {"enabled": "true", "reason": REASON, "by": user},  # a policy compares the name
    }
    await client.apply(manifest, plural=ConfigMap.info.plural, field_manager=FIELD_MANAGER)
    tell("The kill switch is on: no fault begins, and each that is active is undone")


async def remove_own(client: ApiClient, namespace: str, *, keep_counter: bool, tell: Callable[[str], None]) -> None:
    """The Lease, the counter of incidents, and last the kill switch. Only where no operator runs."""
    own: list[tuple[type[Resource], str]] = [(Lease, LEASE)]
    own += [] if keep_counter else [(ConfigMap, COUNTER)]
    own += [(ConfigMap, KILL_SWITCH)]
    for kind, name in own:
        try:
            await client.delete(kind, namespace, name)
        except NotFound:
            continue
        tell(f"{kind.info.kind} {namespace}/{name} is removed")
