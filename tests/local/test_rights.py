"""The laptop's users have the rights of their groups, and a program's kubeconfig has only that program."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from incident_crds.base import ObjectMeta
from incident_crds.chaosexperiment import ChaosExperiment, ChaosExperimentSpec, SystemRef, Target
from incident_crds.client import ApiClient, ApiConfig, load_config
from incident_crds.errors import Forbidden, Unauthorized
from incident_crds.fault import Fault
from incident_crds.mocksystem import MockSystem
from incident_local.stopping import descendants
from tests.conftest import NAMESPACE, Stack


def experiment() -> ChaosExperiment:
    return ChaosExperiment(
        metadata=ObjectMeta(name="rights", namespace=NAMESPACE),
        spec=ChaosExperimentSpec(
            target=Target(system_ref=SystemRef(name="redis-test")), fault=Fault.model_validate({"type": "None"})
        ),
    )


def test_contexts(stack: Stack) -> None:
    config = yaml.safe_load(stack.kubeconfig.read_text())
    assert [context["name"] for context in config["contexts"]] == ["admin", "operator", "api", "sre", "viewer"]
    assert {context["context"]["namespace"] for context in config["contexts"]} == {NAMESPACE}
    assert config["current-context"] == "sre"


@pytest.mark.parametrize("program", ["operator", "api"])
def test_a_program_finds_no_other_user(stack: Stack, program: str) -> None:
    config = yaml.safe_load(Path(stack.info[f"{program}_kubeconfig"]).read_text())
    assert [user["name"] for user in config["users"]] == [program]


def test_secrets_are_private(stack: Stack) -> None:
    kubeconfigs = [stack.kubeconfig, *(Path(stack.info[f"{program}_kubeconfig"]) for program in ("operator", "api"))]
    files = [*kubeconfigs, *(stack.state / "secrets").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((stack.state / "secrets").stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_nobody_reaches_the_storage_past_the_rights(stack: Stack) -> None:
    """etcd asks nobody for a name: only the API server's port may be open, and its sockets lie in a private folder."""
    [pid] = [p for p in descendants(int(stack.info["pid"])) if b"--etcd-dir" in Path(f"/proc/{p}/cmdline").read_bytes()]
    assert listening_ports(pid) == {urlsplit(stack.info["server"]).port}
    folder = stack.state / "data" / "etcd"
    assert list(folder.glob("*.sock"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def listening_ports(pid: int) -> set[int]:
    """TCP ports that the process listens on."""
    own = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    lines = [line for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    rows = (line.split() for line in lines)
    listen = "0A"
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == listen and f"socket:[{row[9]}]" in own}


@pytest.mark.parametrize("user", ["operator", "api", "sre", "viewer"])
async def test_everybody_sees_the_systems(stack: Stack, user: str) -> None:
    async with ApiClient(load_config(str(stack.kubeconfig), user)) as client:
        names = [system.metadata.name for system in await client.list_all(MockSystem, NAMESPACE)]
    assert names == ["disk-monitor", "postgres-test", "redis-test"]


async def test_sre_may_break_things_and_others_may_not(stack: Stack) -> None:
    async with stack.client("sre") as client:
        created = await client.create(experiment())
        await client.delete(ChaosExperiment, *created.key)
    for user in ("viewer", "api"):
        async with stack.client(user) as client:
            with pytest.raises(Forbidden, match=f'"{user}" cannot create'):
                await client.create(experiment())


async def test_sre_does_not_read_passwords(stack: Stack) -> None:
    async with stack.client("sre") as client:
        with pytest.raises(Forbidden):
            await client.request("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets/redis-test-credentials")


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_strangers_are_not_let_in(stack: Stack, token: str | None) -> None:
    config = ApiConfig(stack.info["server"], ca_file=str(stack.state / "secrets" / "ca.crt"), token=token)
    async with ApiClient(config) as client:
        with pytest.raises(Unauthorized):
            await client.list_all(MockSystem, NAMESPACE)
