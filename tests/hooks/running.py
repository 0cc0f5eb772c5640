"""A hook as Helm runs it: a process of its own, as an account that has the hook's roles and nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from incident_crds.access import Role, role_manifest
from incident_crds.client import ApiClient, raw_path
from incident_crds.errors import NotFound
from incident_crds.manifests import PLURALS

from ..processes import clean_environment
from ..waiting import eventually

SYSTEM = "incidentsim-system"
RBAC = "rbac.authorization.k8s.io/v1"
MANAGER = "tests"
LONGEST_RUN = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over."""

    code: int
    out: str
    err: str


class Run:
    """A run that goes on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._read: list[str] = []

    async def until(self, words: str) -> None:
        """It has said the words."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LONGEST_RUN):
            while not any(words in line for line in self._read):
                line = (await self.process.stdout.readline()).decode()
                assert line, f"it ended before it said {words!r}: {self._read}"
                self._read.append(line)

    async def end(self) -> Ended:
        async with asyncio.timeout(LONGEST_RUN):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return Ended(self.process.returncode, "".join(self._read) + out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class Hook:
    """`incident-hook` with a kubeconfig."""

    kubeconfig: Path

    async def start(self, *arguments: str) -> Run:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "incident_operator.hooks",
            *arguments,
            env=clean_environment() | {"KUBECONFIG": str(self.kubeconfig), "INCIDENTSIM_NAMESPACE": SYSTEM},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return Run(process)

    async def run(self, *arguments: str) -> Ended:
        return await (await self.start(*arguments)).end()


@asynccontextmanager
async def account(
    admin: ApiClient, name: str, roles: Sequence[Role], *, server: str, ca: Path, folder: Path
) -> AsyncIterator[Hook]:
    """The hook as a service account with these roles, which act already."""
    path = raw_path("v1", "serviceaccounts", SYSTEM)
    made = [f"{path}/{name}"]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SYSTEM}}
    await admin.apply(body, plural="serviceaccounts", field_manager=MANAGER)
    for role in roles:
        manifest = role_manifest(role)
        await admin.apply(manifest, plural=PLURALS[manifest["kind"]], field_manager=MANAGER)
        binding: dict[str, Any] = {
            "apiVersion": RBAC,
            "kind": f"{manifest['kind']}Binding",
            "metadata": {**manifest["metadata"], "name": f"{name}-{role.name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": manifest["kind"], "name": role.name},
            "subjects": [subject],
        }
        await admin.apply(binding, plural=PLURALS[binding["kind"]], field_manager=MANAGER)
        for each in (manifest, binding):
            metadata = each["metadata"]
            made.append(raw_path(RBAC, PLURALS[each["kind"]], metadata.get("namespace"), metadata["name"]))
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = (await admin.request("POST", f"{path}/{name}/token", body=request))["status"]["token"]
    try:
        await eventually(lambda: _may_all(admin, f"system:serviceaccount:{SYSTEM}:{name}", roles), "the roles acting")
        yield Hook(_kubeconfig(folder / f"{name}.kubeconfig", server=server, ca=ca, token=token))
    finally:
        for gone in reversed(made):
            with suppress(NotFound):
                await admin.request("DELETE", gone)


async def _may_all(admin: ApiClient, user: str, roles: Sequence[Role]) -> bool:
    for role in roles:
        for rule in role.rules:
            resource, _, subresource = rule.resources[-1].partition("/")
            asked = {
                "verb": rule.verbs[-1],
                "group": rule.group,
                "resource": resource,
                "subresource": subresource,
                "namespace": role.namespace,
                "name": rule.names[-1] if rule.names else "",
            }
            review: dict[str, Any] = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {"user": user, "resourceAttributes": asked},
            }
            answer = await admin.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=review)
            if not answer["status"]["allowed"]:
                return False
    return True


def _kubeconfig(path: Path, *, server: str, ca: Path, token: str) -> Path:
    document = {
        "current-context": "hook",
        "contexts": [{"name": "hook", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path
