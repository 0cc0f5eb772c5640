"""The definitions' hook on an API server that holds nothing of ours, or what an older version installed."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from incident_crds.access import CRDS_HOOK, Role, hook_roles
from incident_crds.client import ApiClient, ApiConfig, raw_path
from incident_crds.errors import NotFound
from incident_crds.manifests import PLURALS, custom_resource_definitions
from incident_local.apiserver import build_control_plane, server_url
from incident_local.gobuild import ControlPlaneBuilder
from incident_local.identities import Identities, ensure_identities
from incident_local.progress import Progress
from incident_local.settings import default_cache_dir
from incident_local.state import StateFolder
from incident_local.supervisor import Supervisor
from incident_local.wheels import WheelStore

from ..processes import free_port
from ..waiting import eventually
from .running import MANAGER, SYSTEM, account

API = "apiextensions.k8s.io/v1"
PLURAL = PLURALS["CustomResourceDefinition"]
NAMES = [definition["metadata"]["name"] for definition in custom_resource_definitions()]
(CRDS_ROLE,) = (role for role in hook_roles(SYSTEM) if role.name == CRDS_HOOK)


pytestmark = pytest.mark.asyncio(loop_scope="module")


class Bare:
    """An API server of one's own."""

    def __init__(self, port: int, identities: Identities, folder: Path) -> None:
        self.server, self.ca, self.folder = server_url(port), identities.ca, folder
        config = ApiConfig(self.server, ca_file=str(self.ca), token_file=str(identities.token_file("admin")))
        self.admin = ApiClient(config)

    async def crds(self, name: str, role: Role = CRDS_ROLE) -> tuple[int, list[str], str]:
        """`incident-hook crds` as an account with that role alone."""
        async with account(self.admin, name, [role], server=self.server, ca=self.ca, folder=self.folder) as hook:
            done = await hook.run("crds")
        return done.code, done.out.splitlines(), done.err

    async def definition(self, name: str) -> dict[str, Any]:
        return await self.admin.request("GET", raw_path(API, PLURAL, name=name))

    async def is_gone(self, name: str) -> bool:
        try:
            await self.definition(name)
        except NotFound:
            return True
        return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bare]:
    """For all tests here, in this order: starting one takes seconds."""
    folder = tmp_path_factory.mktemp("bare")
    state = StateFolder(folder / "state")
    for each in (state.root, state.logs, state.secrets, state.data):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    progress, cache, port = Progress(quiet=True), default_cache_dir(), free_port()
    binary = await ControlPlaneBuilder(cache, WheelStore(cache, progress), progress).binary()
    identities = ensure_identities(state)
    async with Supervisor(print) as supervisor:
        for service in build_control_plane(binary, state, identities, port=port):
            await supervisor.start(service)
        bare = Bare(port, identities, folder)
        async with bare.admin:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}
            await bare.admin.apply(namespace, plural="namespaces", field_manager=MANAGER)
            yield bare


def older(definition: dict[str, Any]) -> dict[str, Any]:
    """As an older version had it: one field is not there yet, another still is."""
    old = copy.deepcopy(definition)
    fields = old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del fields["team"]
    fields["crew"] = {"type": "string"}
    return old


@pytest.mark.parametrize("verb", ["patch", "create"])
async def test_a_right_that_is_missing_is_named(bare: Bare, verb: str) -> None:
    rules = tuple(replace(r, verbs=tuple(v for v in r.verbs if v != verb)) for r in CRDS_ROLE.rules)
    role = replace(CRDS_ROLE, rules=tuple(rule for rule in rules if rule.verbs))
    code, said, err = await bare.crds("weak", role)
    assert (code, said) == (1, [])
    assert f"cannot apply the definition {NAMES[0]}: " in err
    assert f'cannot {verb} resource "customresourcedefinitions" in API group "apiextensions.k8s.io"' in err
    assert "the hook's account needs the roles named incidentsim-crds-hook" in err
    assert len(err.splitlines()) == 1


async def test_an_uninstall_of_what_is_not_there_says_so(bare: Bare) -> None:
    """No definition, no Deployment, no Lease: nothing is left to do."""
    async with account(
        bare.admin, "gone", hook_roles(SYSTEM), server=bare.server, ca=bare.ca, folder=bare.folder
    ) as hook:
        done = await hook.run("uninstall")
    assert (done.code, done.err) == (0, ""), done
    assert "No fault is left on any system" in done.out
    assert "no object" in done.out


async def test_created_then_unchanged_then_updated_over_an_older_version(bare: Bare) -> None:
    code, said, err = await bare.crds("first")
    assert (code, err) == (0, "")
    assert said == [f"{name} created" for name in NAMES]
    assert await bare.crds("second") == (0, [f"{name} unchanged" for name in NAMES], "")

    name = "mocksystems.incidentsimulator.net"
    wanted = (await bare.definition(name))["spec"]
    await bare.admin.request("DELETE", raw_path(API, PLURAL, name=name))
    await eventually(lambda: bare.is_gone(name), "the definition being gone")
    (definition,) = (d for d in custom_resource_definitions() if d["metadata"]["name"] == name)
    installed = {"fieldManager": "helm"}  # Helm creates, and does not apply
    await bare.admin.request("POST", raw_path(API, PLURAL), query=installed, body=older(definition))
    code, said, err = await bare.crds("third")
    assert (code, err) == (0, "")
    assert said == [f"{n} {'updated' if n == name else 'unchanged'}" for n in NAMES]
    assert (await bare.definition(name))["spec"] == wanted
