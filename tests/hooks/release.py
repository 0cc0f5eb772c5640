"""The operator's Deployment on a stack that has neither a Deployment controller nor a node.

What those do is done here: while the Deployment wants a pod there is an operator process, and a Pod object for it;
when it wants none, the process is told to end, and the object goes after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from incident_crds.client import MERGE_PATCH, ApiClient, raw_path
from incident_crds.errors import NotFound

from ..conftest import OperatorProcess
from ..processes import answers
from ..waiting import eventually
from .running import MANAGER, SYSTEM

NAME = "incident-operator"
LABELS = {"app.kubernetes.io/name": "incident-operator"}
_DEPLOYMENT = raw_path("apps/v1", "deployments", SYSTEM, NAME)
_POD = raw_path("v1", "pods", SYSTEM, f"{NAME}-1")
_CONTAINERS = [{"name": "operator", "image": "incident-simulator"}]


async def nothing() -> None:
    """Does nothing."""


class Release:
    """Use as a context, or `tend` it by hand."""

    def __init__(self, admin: ApiClient, operator: OperatorProcess) -> None:
        self.operator = operator
        self.is_tended = True
        """While false, what the Deployment wants is not done."""
        self.before_pod_goes: Callable[[], Awaitable[None]] = nothing
        """Called once the operator has ended, before the hook can see that."""
        self._admin = admin

    async def install(self, *, replicas: int = 1) -> None:
        manifest: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME, "namespace": SYSTEM},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": LABELS},
                "template": {"metadata": {"labels": LABELS}, "spec": {"containers": _CONTAINERS}},
            },
        }
        await self._admin.apply(manifest, plural="deployments", field_manager=MANAGER)

    async def remove(self) -> None:
        for path in (_DEPLOYMENT, _POD):
            with suppress(NotFound):
                await self._admin.request("DELETE", path)

    async def replicas(self) -> int:
        return int((await self._admin.request("GET", _DEPLOYMENT))["spec"]["replicas"])

    async def scale(self, replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        await self._admin.request("PATCH", _DEPLOYMENT, body=body, content_type=MERGE_PATCH)

    async def runs(self) -> None:
        """The operator runs and is ready."""

        async def look() -> bool:
            return self.operator.is_running and answers(f"{self.operator.url}/readyz")

        await eventually(look, "a running operator", 60)

    async def tend(self) -> None:
        """Until cancelled."""
        while True:
            if self.is_tended:
                await self._bring_about(await self.replicas())
            await asyncio.sleep(0.05)

    async def _bring_about(self, replicas: int) -> None:
        if replicas and not self.operator.is_running:
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"{NAME}-1", "namespace": SYSTEM, "labels": LABELS},
                "spec": {"containers": _CONTAINERS},
            }
            await self._admin.apply(pod, plural="pods", field_manager=MANAGER)
            self.operator.start(wait_ready=False)
        elif not replicas and self.operator.is_running:
            await asyncio.to_thread(self.operator.stop)
            await self.before_pod_goes()
            with suppress(NotFound):
                await self._admin.request("DELETE", _POD)
