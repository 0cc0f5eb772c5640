"""The objects that created systems consist of, and their pods."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import AlreadyExists, ApiError, NotFound
from incident_operator.domain.pods import read_workload
from incident_operator.targets import PodNote, Refused, Unreachable

FIELD_MANAGER = "incident-operator"
_APPLY = "application/apply-patch+yaml"
_PLURALS = {
    "Secret": "secrets",
    "Service": "services",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "StatefulSet": "statefulsets",
}
# its end is awaited by the API server: two servers must never write to one volume
_GRACE = timedelta(seconds=2)


class Workloads:
    """Applies whole objects, and reads and deletes pods. Raises ApiError."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def apply(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply: create it, or set right whatever differs from what we say of it."""
        metadata = body["metadata"]
        path = raw_path(body["apiVersion"], _PLURALS[body["kind"]], metadata["namespace"])
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._api.request(
            "PATCH", f"{path}/{metadata['name']}", query=query, body=body, content_type=_APPLY
        )

    async def find(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the cluster has under that kind and name; None where there is nothing."""
        metadata = body["metadata"]
        path = raw_path(body["apiVersion"], _PLURALS[body["kind"]], metadata["namespace"])
        try:
            return await self._api.request("GET", f"{path}/{metadata['name']}")
        except NotFound:
            return None

    async def create_secret(self, body: Mapping[str, Any]) -> None:
        """Unless there is one already."""
        try:
            await self._api.request("POST", raw_path("v1", "secrets", body["metadata"]["namespace"]), body=body)
        except AlreadyExists:
            return

    async def pods(self, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The pods that carry these labels, as the server has them."""
        chosen = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        page = await self._api.request("GET", raw_path("v1", "pods", namespace), query={"labelSelector": chosen})
        return list(page.get("items") or [])

    async def delete_pod(self, namespace: str, name: str, uid: str) -> None:
        """Delete that very pod; one that is gone is no error."""
        body = {"preconditions": {"uid": uid}, "gracePeriodSeconds": int(_GRACE.total_seconds())}
        try:
            await self._api.request("DELETE", f"{raw_path('v1', 'pods', namespace)}/{name}", body=body)
        except NotFound:
            return


@dataclass(frozen=True, slots=True)
class SystemPod:
    """A system's pod, as a target knows it: errors of the API server become the target's."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    container: str
    workloads: Workloads = field(compare=False, repr=False)

    async def kill(self) -> str:
        """See PodControl."""
        for pod in await self._present():
            metadata = pod["metadata"]
            try:
                await self.workloads.delete_pod(self.namespace, metadata["name"], metadata["uid"])
            except ApiError as error:
                raise Refused(f"the pod {metadata['name']} cannot be deleted: {error}") from error
            return str(metadata["uid"])
        raise Unreachable("there is no pod that could be killed")

    async def ready_uid(self) -> str:
        """See PodControl."""
        found = read_workload(await self._list(), {}, self.container)
        return found.uid if found.status.ready else ""

    async def describe(self) -> PodNote:
        """See PodControl."""
        found = read_workload(await self._list(), {}, self.container)
        if not found.status.pod:
            return PodNote(found.status.message, 0)
        age = round((datetime.now(UTC) - found.created_at).total_seconds()) if found.created_at else 0
        state = "ready" if found.status.ready else f"{found.status.reason}: {found.status.message}"
        text = f"{found.status.pod}, restarted {found.status.restarts} times, is {state}"
        return PodNote(text, max(0, age))

    async def _present(self) -> list[dict[str, Any]]:
        return [p for p in await self._list() if not p["metadata"].get("deletionTimestamp")]

    async def _list(self) -> list[dict[str, Any]]:
        try:
            return await self.workloads.pods(self.namespace, dict(self.labels))
        except ApiError as error:
            raise Unreachable(f"the pods cannot be listed: {error}") from error


def encode(values: Mapping[str, str]) -> dict[str, str]:
    """As a Secret holds them."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def decode(data: Mapping[str, str]) -> dict[str, str]:
    """What `encode` made. Raises ValueError for what is neither base64 nor text."""
    return {key: base64.b64decode(value).decode() for key, value in data.items()}
