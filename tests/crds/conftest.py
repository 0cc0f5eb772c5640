"""More users than the laptop has: service accounts with one of the roles each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest_asyncio

from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.errors import NotFound
from incident_crds.manifests import PLURALS

from ..conftest import NAMESPACE, Stack
from ..waiting import eventually
from .scripted import ScriptedServer

MANAGER = "tests"


def user_of(account: str) -> str:
    return f"system:serviceaccount:{NAMESPACE}:{account}"


async def issue_token(admin: ApiClient, name: str) -> str:
    """A token of the namespace's service account."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = raw_path("v1", "serviceaccounts", NAMESPACE, name)
    token: str = (await admin.request("POST", f"{path}/token", body=request))["status"]["token"]
    return token


@asynccontextmanager
async def service_account(
    stack: Stack, admin: ApiClient, name: str, role: str, *, may_list: bool = True
) -> AsyncIterator[ApiClient]:
    """A client that signs in as a service account of the namespace with the ClusterRole, which acts already.

    `may_list`: the role lets it list incidents, by which it is seen to act.
    """
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
    binding: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"test-{name}", "namespace": NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
    }
    await admin.apply(account, plural="serviceaccounts", field_manager=MANAGER)
    await admin.apply(binding, plural=PLURALS["RoleBinding"], field_manager=MANAGER)
    path = raw_path("v1", "serviceaccounts", NAMESPACE, name)
    token = await issue_token(admin, name)
    config = ApiConfig(stack.info["server"], ca_file=str(stack.state / "secrets" / "ca.crt"), token=token)
    try:
        if may_list:
            await eventually(lambda: may(admin, user_of(name), "list", "incidents"), f"{name} has the role {role}", 20)
        async with ApiClient(config) as client:
            yield client
    finally:
        for gone in (raw_path(binding["apiVersion"], "rolebindings", NAMESPACE, f"test-{name}"), path):
            with suppress(NotFound):
                await admin.request("DELETE", gone)


async def may(
    admin: ApiClient,
    user: str,
    verb: str,
    resource: str,
    *,
    groups: tuple[str, ...] = (),
    group: str = "incidentsimulator.net",
    namespace: str = NAMESPACE,
    name: str = "",
) -> bool:
    """What the server's own authorizer says. `resource` may be `resource/subresource`."""
    resource, _, subresource = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": list(groups), "resourceAttributes": asked | {"name": name}},
    }
    answer = await admin.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=review)
    return bool(answer["status"]["allowed"])


@pytest_asyncio.fixture
async def responder(stack: Stack, admin: ApiClient) -> AsyncIterator[ApiClient]:
    """May edit plans, and not decide on them."""
    async with service_account(stack, admin, "responder", "incidentsim-responder") as client:
        yield client


@pytest_asyncio.fixture
async def second_approver(stack: Stack, admin: ApiClient) -> AsyncIterator[ApiClient]:
    async with service_account(stack, admin, "second-approver", "incidentsim-approver") as client:
        yield client


@pytest_asyncio.fixture
async def agent(stack: Stack, admin: ApiClient) -> AsyncIterator[ApiClient]:
    """An external agent: reads the evidence, proposes plans, and must not see the truth."""
    async with service_account(stack, admin, "agent", "incidentsim-agent") as client:
        yield client


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """Says exactly what a test tells it to."""
    async with ScriptedServer().serve() as scripted:
        yield scripted
