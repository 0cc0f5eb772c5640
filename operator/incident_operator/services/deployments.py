"""Systems that the operator creates: their objects are applied again and again, and their pods are looked at."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from incident_crds.catalogue import SystemType
from incident_crds.errors import ApiError, Conflict
from incident_crds.mocksystem import MockSystem
from incident_operator.cluster.store import Key
from incident_operator.cluster.workloads import SystemPod, Workloads, decode, encode
from incident_operator.domain import workload
from incident_operator.domain.containers import APP_USERNAME, DATABASE, USERNAME, Images, max_clients, max_memory_bytes
from incident_operator.domain.pods import Workload, read_workload
from incident_operator.targets.base import Access
from incident_operator.targets.control import Control
from incident_operator.targets.errors import AccessDenied

APPLY_AGAIN = timedelta(seconds=15)
_PASSWORDS = ("password", "appPassword", "controlToken")
_IS_PASSWORD = re.compile(r"[A-Za-z0-9_-]{16,128}")  # nothing that a shell, SQL or an ACL file would read as its own
_ROLES = """\
DO $$ BEGIN CREATE ROLE {app} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE {owner} PASSWORD '{password}';
ALTER ROLE {app} LOGIN PASSWORD '{app_password}';
GRANT ALL ON SCHEMA public TO {app};
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deployed:
    """A created system: how to get in, its pod, and what of it could not be set right."""

    access: Access
    workload: Workload
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Applied:
    generation: int
    at: datetime
    access: Access
    stateful_set: Mapping[str, object]
    problem: str


class Deployments:
    """Level-based: what is missing or different is mended at the latest after a quarter of a minute."""

    def __init__(self, workloads: Workloads, images: Images) -> None:
        self._workloads = workloads
        self._images = images
        self._applied: dict[Key, _Applied] = {}
        self._owned: set[str] = set()

    async def reconcile(self, system: MockSystem) -> Deployed:
        """Apply what is due, and look at the pod. Raises ApiError where not even that is possible."""
        now = datetime.now(UTC)
        applied = self._applied.get(system.key)
        is_settled = applied is not None and applied.generation == system.metadata.generation and not applied.problem
        if applied is None or not is_settled or now - applied.at >= APPLY_AGAIN:
            applied = self._applied[system.key] = await self._apply(system, now)
        pods = await self._workloads.pods(system.metadata.namespace, workload.selector(system))
        found = read_workload(pods, applied.stateful_set, system.spec.type.value.lower())
        if found.is_rolling_out or not found.status.ready:
            self._applied.pop(system.key)  # its controller may have moved on; look at it afresh next time
        if found.is_stale:
            log.info("a pod of an earlier version does not start and is deleted", pod=found.status.pod)
            await self._workloads.delete_pod(system.metadata.namespace, found.status.pod, found.uid)
        return Deployed(applied.access, found, applied.problem)

    async def is_destroyed(self, system: MockSystem) -> bool:
        """Whether it is being deleted and no pod of it is left: its fault is gone with it. Raises ApiError.

        So it is in a namespace that is deleted: what a system consists of goes first, and nothing can be made anew.
        """
        if system.metadata.deletion_timestamp is None:
            return False
        return not await self._workloads.pods(system.metadata.namespace, workload.selector(system))

    async def access(self, system: MockSystem) -> Access:
        """How to get in, as last applied. Raises ApiError, and AccessDenied where the Secret went with the system."""
        applied = self._applied.get(system.key)
        if applied is not None and applied.generation == system.metadata.generation:
            return applied.access
        return self._access(system, await self._credentials(system))

    def forget(self, key: Key) -> None:
        """The system is gone; what it owned goes by itself."""
        self._applied.pop(key, None)

    async def _apply(self, system: MockSystem, now: datetime) -> _Applied:
        credentials = await self._credentials(system)
        problems: list[str] = []
        answer: Mapping[str, object] = {}
        for body in workload.build_objects(system, self._images, credentials):
            try:
                await self._refuse_foreign(system, body)
                answer = await self._workloads.apply(body)
            except ApiError as error:
                problems.append(f"{body['kind']} {body['metadata']['name']} cannot be applied: {error}")
        stateful_set = answer if answer.get("kind") == "StatefulSet" else {}
        if not problems:
            self._owned.add(system.metadata.uid)
        access = self._access(system, credentials)
        return _Applied(system.metadata.generation, now, access, stateful_set, "; ".join(problems))

    async def _credentials(self, system: MockSystem) -> dict[str, str]:
        """The Secret's content; made where it is missing, completed where a part is."""
        empty = workload.build_secret(system, {})
        await self._refuse_foreign(system, empty)
        found = await self._workloads.find(empty)
        if found is None and system.metadata.deletion_timestamp is not None:
            raise AccessDenied(f"Secret {empty['metadata']['name']} is gone, and the system is being deleted")
        if found is None:
            whole = _complete(system.spec.type, {})
            await self._workloads.create_secret(workload.build_secret(system, encode(whole)))
            found = await self._workloads.find(empty)  # another operator may have been faster
        known = _decoded((found or {}).get("data") or {})
        whole = _complete(system.spec.type, known)
        if whole != known:
            await self._workloads.apply(workload.build_secret(system, encode(whole)))
        return whole

    async def _refuse_foreign(self, system: MockSystem, body: Mapping[str, Any]) -> None:
        """Raises Conflict where somebody else has an object of that name. Looked up until all were ours once."""
        if system.metadata.uid in self._owned:
            return
        found = await self._workloads.find(body)
        if found is not None and workload.is_foreign(system, body, found):
            what = f"{body['kind']} {body['metadata']['name']}"
            raise Conflict(f"{what} is there already and not this system's; delete it, or name the system otherwise")

    def _access(self, system: MockSystem, credentials: Mapping[str, str]) -> Access:
        where = workload.addresses(system)
        control = Control(url=where.control, token=credentials["controlToken"])
        labels = tuple(sorted(workload.selector(system).items()))
        redis = system.spec.deployment if system.spec.type is SystemType.REDIS else None
        return Access(
            endpoint=where.direct,
            client_endpoint=where.clients,
            username=USERNAME,
            password=credentials["password"],
            app_username=APP_USERNAME,
            app_password=credentials["appPassword"],
            database=DATABASE if system.spec.type is SystemType.POSTGRES else None,
            capacity_bytes=workload.capacity_bytes(system),
            max_memory_bytes=max_memory_bytes(redis),
            max_clients=max_clients(redis),
            control=control,
            proxy=control,
            pod=SystemPod(system.metadata.namespace, labels, system.spec.type.value.lower(), self._workloads),
            timeout=timedelta(seconds=system.spec.health.timeout_seconds),
        )


def _decoded(data: Mapping[str, str]) -> dict[str, str]:
    try:
        return decode(data)
    except ValueError:  # somebody wrote into it: it is made anew
        return {}


def _complete(type: SystemType, known: Mapping[str, str]) -> dict[str, str]:
    """Sound passwords that are there stay; what the servers read follows from them."""
    values = {
        key: known[key] if _IS_PASSWORD.fullmatch(known.get(key, "")) else secrets.token_urlsafe(24)
        for key in _PASSWORDS
    }
    values |= {"username": USERNAME, "appUsername": APP_USERNAME}
    if type is SystemType.REDIS:
        values["users.acl"] = (
            f"user default off\nuser {USERNAME} on #{_sha256(values['password'])} ~* &* +@all\n"
            f"user {APP_USERNAME} on #{_sha256(values['appPassword'])} ~* &* +@read +@write +@connection"
            " +@transaction -@dangerous +ping +select\n"
        )
    elif type is SystemType.POSTGRES:
        values["roles.sql"] = _ROLES.format(
            owner=USERNAME, app=APP_USERNAME, password=values["password"], app_password=values["appPassword"]
        )
    return {**known, **values}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
