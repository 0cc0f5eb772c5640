"""What the values may be, and that each of them matters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

import incident_crds

from .readme import README, updated
from .rendering import CHART, VALUES_FILES, Refused, render_text, run_helm

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
REFUSALS = {
    "replica=2": "replica",
    'operator.replicas="two"': "operator.replicas|operator/replicas",
    "operator.replicas=0": "operator.replicas|operator/replicas",
    "operator.holdSeconds=0": "holdSeconds",
    'operator.namespaces=["Drills"]': "operator.namespaces|operator/namespaces",
    'image.tag="latest"': "image.tag|image/tag",
    'image.digest="sha256:abc"': "image.digest|image/digest",
    'image.pullPolicy="Sometimes"': "pullPolicy",
    'logs.level="chatty"': "logs.level|logs/level",
    'diagnosis.order=["openai"]': "diagnosis.order|diagnosis/order",
    "diagnosis.order=[]": "diagnosis.order|diagnosis/order",
    'diagnosis.groq.apiKey="gsk_1"': "apiKey",
    'api.sla="P0=soon"': "api.sla|api/sla",
    'api.title=" "': "api.title|api/title",
    'api.trustedProxies=["everyone"]': "trustedProxies",
    'api.allowedOrigins=["example.org"]': "allowedOrigins",
    'api.extraEnv=[{"name": "A B", "value": "1"}]': "extraEnv",
    'api.resources.limits.gpu="1"': "gpu",
    "api.resources.limits=null": "limits",
    'api.resources.limits.memory="lots"': "memory",
    'access.approvers=["sre"]': "access.approvers|access/approvers",
    'access.approvers=[{"kind": "Person", "name": "jane"}]': "kind",
    'access.approvers=[{"kind": "Group", "name": "sre", "namespace": "drills"}]': "namespace",
    'access.approvers=[{"kind": "User", "name": "jane", "create": true}]': "create",
    'policies.stamping="sometimes"': "policies.stamping|policies/stamping",
    'networkPolicies.apiServer.cidrs=["10.0.0.1"]': "cidrs",
    "networkPolicies.apiServer.cidrs=[]": "cidrs",
    "ingress.enabled=true": "ingress.host|ingress/host",
    "gateway.enabled=true": "parentRefs",
    'samples.namespace="my drills"': "samples.namespace|samples/namespace",
    'samples.storage="big"': "samples.storage|samples/storage",
    'samples.podSecurity="strict"': "podSecurity",
}


@pytest.mark.parametrize("setting", REFUSALS)
def test_a_wrong_value_is_refused_and_named(setting: str) -> None:
    with pytest.raises(Refused, match=REFUSALS[setting]):
        render_text(setting)


CONTRADICTIONS = {
    ("samples.enabled=true", 'samples.namespace="sim-system"'): "the samples need a namespace of their own",
    ("samples.enabled=true", 'operator.namespaces=["staging"]'): "add it to the list",
    (
        "ingress.enabled=true",
        'ingress.host="a.example.org"',
        'ingress.certManager={"issuer": "a", "clusterIssuer": "b"}',
    ): "name a clusterIssuer or an issuer, not both",
    (
        'access.viewers=[{"kind": "ServiceAccount", "name": "v", "namespace": "other", "create": true}]',
    ): "the chart makes accounts in the release's namespace sim-system only",
}


@pytest.mark.parametrize("settings", CONTRADICTIONS, ids=lambda settings: settings[-1][:30])
def test_what_no_schema_can_say_is_refused_too(settings: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=CONTRADICTIONS[settings]):
        render_text(*settings)


def test_an_old_cluster_is_refused() -> None:
    with pytest.raises(Refused, match="kubeVersion"):
        render_text(version="1.29.0")


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, child in node.items():
            yield from leaves(child, f"{path}.{key}" if path else key)
    else:
        yield path, node


def described(schema: dict[str, Any], path: str) -> bool:
    """Whether the schema says something about it; a free map is described as a whole."""
    for part in path.split("."):
        for choice in (schema, *(resolve(each) for each in schema.get("allOf", ()))):
            if part in choice.get("properties", {}):
                schema = choice["properties"][part]
                break
        else:
            return any("additionalProperties" in resolve(each) for each in (schema, *schema.get("allOf", ())))
        if not schema.get("description"):
            return False
    return True


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return SCHEMA["definitions"][name] if name else schema


def test_every_value_is_described_by_the_schema() -> None:
    assert [path for path, _ in leaves(VALUES) if not described(SCHEMA, path)] == []


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from walk(child)


def test_nothing_unknown_is_taken() -> None:
    """Else a misspelt value would be passed over in silence."""
    assert [node for node in walk(SCHEMA) if "properties" in node and "description" in node and open_ended(node)] == []


def open_ended(node: dict[str, Any]) -> bool:
    return node.get("type") == "object" and node.get("additionalProperties") is not False


def test_the_schema_knows_no_value_that_the_chart_lacks() -> None:
    sections = {name for name, part in SCHEMA["properties"].items() if part.get("properties")}
    assert sections | {"imagePullSecrets", "global"} == VALUES.keys() | {"global"}
    for section in sections:
        assert SCHEMA["properties"][section]["properties"].keys() == VALUES[section].keys(), section


def test_every_value_is_used() -> None:
    """Each word of each path stands in a template; tests of what it does are elsewhere."""
    text = "".join(path.read_text() for path in (CHART / "templates").rglob("*") if path.is_file())
    words = {word for path, _ in leaves(VALUES) for word in path.split(".")}
    free = {"requests", "limits", "cpu", "memory", "k8s-app", "grafana_dashboard"}  # handed on as a whole
    used = set(re.findall(r"[A-Za-z0-9_-]+", text))
    assert words - used - free == set()


def test_a_file_of_values_holds_nothing_else() -> None:
    for name in filter(None, VALUES_FILES):
        given = yaml.safe_load((CHART / name).read_text())
        known = dict(leaves(VALUES))
        assert [path for path, _ in leaves(given) if path not in known] == [], name


@pytest.mark.parametrize("values_file", VALUES_FILES)
def test_helm_finds_nothing_to_say(values_file: str | None) -> None:
    files = ["--values", str(CHART / values_file)] if values_file else []
    said = run_helm("lint", "--strict", str(CHART), *files)
    assert "0 chart(s) failed" in said
    assert "[WARNING]" not in said


def test_the_chart_has_the_packages_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == incident_crds.__version__


def test_the_readmes_table_is_in_step() -> None:
    text = README.read_text()
    assert updated(text) == text, "write it anew with `python -m tests.chart.readme`"
    assert [path for path, _ in leaves(VALUES) if f"| `{shortened(path)}` |" not in text] == []


def shortened(path: str) -> str:
    """One row is for all amounts, and one for all labels of a map."""
    path = re.sub(r"\.(requests|limits)\.(cpu|memory)$", "", path)
    return re.sub(r"\.(k8s-app|grafana_dashboard)$", "", path)


def test_no_key_is_a_value() -> None:
    """A value is stored in the release, for everybody who may read its Secrets."""
    names = {path.rpartition(".")[2].lower() for path, _ in leaves(VALUES)}
    assert not {name for name in names if name in ("apikey", "token", "password", "secret")}
