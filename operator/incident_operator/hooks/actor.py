"""The operator as seen from outside: its Lease says whether one acts, its Deployment whether one shall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from incident_crds.access import LEASE
from incident_crds.client import MERGE_PATCH, ApiClient
from incident_crds.errors import NotFound
from incident_operator.hooks.errors import HookFailed
from incident_operator.hooks.kinds import Deployment, Lease, Pod

LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ActorState:
    """What is seen of it now."""

    holder: str
    """Who holds the Lease and renews it; empty while nobody does."""
    wanted: int | None
    """The pods that the Deployment shall have; None where there is no Deployment of that name."""


class Actor:
    """Watches, stops and starts the operator."""

    def __init__(self, client: ApiClient, *, namespace: str, deployment: str, tell: Callable[[str], None]) -> None:
        self._client = client
        self.namespace = namespace
        self._deployment = deployment
        self._tell = tell
        self._renewal: tuple[str, float] = ("", 0.0)
        self._replicas = 1

    @property
    def start_command(self) -> str:
        return f"kubectl -n {self.namespace} scale deployment {self._deployment} --replicas=1"

    async def look(self) -> ActorState:
        """What is now. A Lease whose holder died counts as held until it was seen unchanged for as long as it lasts:
        clocks of two hosts differ."""
        found = await self._find_deployment()
        return ActorState(holder=await self._holder(), wanted=None if found is None else found.spec.replicas)

    async def stop(self, patience: timedelta) -> None:
        """Scale its Deployment to 0; returns once its pods are gone and nobody holds the Lease. Raises HookFailed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience.total_seconds()
        found = await self._find_deployment()
        if found is None:
            self._tell(f"There is no Deployment {self.namespace}/{self._deployment} to stop")
        elif found.spec.replicas:
            self._replicas = found.spec.replicas
            await self._scale(0)
            self._tell(f"Deployment {self.namespace}/{self._deployment} is scaled to 0")
        while True:
            pods = await self._pods(found) if found is not None else []
            holder = await self._holder()
            if not pods and not holder:
                self._tell("No operator runs any more")
                return
            if loop.time() >= deadline:
                raise HookFailed(self._not_stopped(pods, holder, patience, exists=found is not None))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def start_again(self) -> None:
        """As many pods as there were before `stop`."""
        await self._scale(self._replicas)

    def _not_stopped(self, pods: list[str], holder: str, patience: timedelta, *, exists: bool) -> str:
        waited = f"after {patience.total_seconds():g} s"
        if pods:
            names = ", ".join(pods)
            advice = f"`kubectl -n {self.namespace} describe pods` says why; then try again"
            return f"the operator's pods are still there {waited}: {names}; {advice}"
        other = "" if exists else f"there is no Deployment {self.namespace}/{self._deployment}, and "
        return (
            f"{other}{holder} holds the Lease {self.namespace}/{LEASE} {waited}: an operator runs outside of "
            "that Deployment; name its Deployment with --operator-deployment, or stop it, then try again"
        )

    async def _find_deployment(self) -> Deployment | None:
        try:
            return await self._client.get(Deployment, self.namespace, self._deployment)
        except NotFound:
            return None

    async def _scale(self, replicas: int) -> None:
        path = self._client.path(Deployment, self.namespace, self._deployment, "scale")
        await self._client.request("PATCH", path, body={"spec": {"replicas": replicas}}, content_type=MERGE_PATCH)

    async def _pods(self, deployment: Deployment) -> list[str]:
        """Also those that are ending: until its last moment an operator adds finalizers."""
        labels = ",".join(f"{key}={value}" for key, value in sorted(deployment.spec.selector.match_labels.items()))
        pods = await self._client.list_all(Pod, self.namespace, label_selector=labels)
        return [pod.metadata.name for pod in pods if not pod.is_over]

    async def _holder(self) -> str:
        try:
            spec = (await self._client.get(Lease, self.namespace, LEASE)).spec
        except NotFound:
            return ""
        if not spec.holder_identity:
            return ""
        now = asyncio.get_running_loop().time()
        state = f"{spec.holder_identity} {spec.renew_time}"
        if self._renewal[0] != state:
            self._renewal = (state, now)
        return spec.holder_identity if now - self._renewal[1] < spec.lease_duration_seconds else ""
