"""What a release consists of: hooks, samples, networks, doors, and what is said at its end."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from incident_crds.chart import build_chart_files
from incident_crds.manifests import custom_resource_definitions
from incident_crds.mocksystem import MockSystem
from incident_crds.scenarios import scenarios_folder

from .everything import EVERYTHING, GKE
from .rendering import (
    CHART,
    NAMESPACE,
    RELEASE,
    VALUES_FILES,
    Manifest,
    Refused,
    Rendered,
    key_of,
    render,
    render_text,
    run_helm,
)

SAMPLES = ("samples.enabled=true",)


@pytest.mark.parametrize("settings", [(), EVERYTHING, EVERYTHING + GKE], ids=["defaults", "everything", "gke"])
def test_nothing_is_rendered_twice_and_all_is_labelled(settings: tuple[str, ...]) -> None:
    objects = render(*settings).objects
    assert [key for key, times in Counter(map(key_of, objects)).items() if times > 1] == []
    for found in objects:
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "incident-simulator", key_of(found)
        assert labels["app.kubernetes.io/instance"] == RELEASE
        assert labels["app.kubernetes.io/part-of"] == "incident-simulator"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"


@pytest.mark.parametrize("name", [name for name in VALUES_FILES if name])
def test_what_needs_other_definitions_is_off_unless_the_file_is_about_it(name: str) -> None:
    groups = {o["apiVersion"].partition("/")[0] for o in render(values_file=name).objects if "." in o["apiVersion"]}
    own = {group for group in groups if not group.endswith("k8s.io")} - {"incidentsimulator.net"}
    assert own == ({"networking.gke.io", "cloud.google.com"} if name == "values-gke.yaml" else set())


def test_the_definitions_come_with_the_chart() -> None:
    shown = [yaml.safe_load(path.read_text()) for path in (CHART / "crds").iterdir()]
    by_name = {found["metadata"]["name"]: found for found in shown}
    assert by_name == {crd["metadata"]["name"]: crd for crd in custom_resource_definitions()}
    assert not render().has("CustomResourceDefinition")  # else an uninstall would delete every incident


def test_no_expression_is_left_where_text_is_meant() -> None:
    """CEL has braces of its own: only ours may be Helm's."""
    for text in build_chart_files().values():
        for part in text.split("{{")[1:]:
            expression = part.partition("}}")[0].strip("- ")
            assert expression.split()[0] in ("$.Release.Namespace", ".", "include", "if", "range", "else", "end")


HOOKS = {
    "incident-hook-crds": "pre-install,pre-upgrade",
    "incident-hook-uninstall": "pre-delete",
    "incidentsim-crds-hook": "pre-install,pre-upgrade",
    "incidentsim-uninstall-hook": "pre-delete",
    "incident-hook": "pre-install,pre-upgrade,pre-delete",
}


def hooks(found: Rendered) -> list[Manifest]:
    return [o for o in found.objects if "helm.sh/hook" in o["metadata"].get("annotations", {})]


def test_hooks_come_in_order_and_go_afterwards() -> None:
    found = hooks(render())
    assert {o["metadata"]["name"] for o in found} == HOOKS.keys()
    weights = {"ServiceAccount": -20, "ClusterRole": -10, "Role": -10, "Job": 0}
    for each in found:
        notes = each["metadata"]["annotations"]
        assert notes["helm.sh/hook"] == HOOKS[each["metadata"]["name"]], key_of(each)
        assert int(notes["helm.sh/hook-weight"]) == weights[each["kind"].removesuffix("Binding")]
        # what failed stays, so that its log can be read
        assert notes["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"


def test_hooks_run_the_commands_of_the_image() -> None:
    commands = {
        job["metadata"]["name"]: job["spec"]["template"]["spec"]["containers"][0]["command"]
        for job in render("hooks.deadlineSeconds=120").of("Job")
    }
    assert commands == {
        "incident-hook-crds": ["incident-hook", "crds"],
        "incident-hook-uninstall": ["incident-hook", "uninstall", "--timeout", "50"],
    }
    for job in render("hooks.deadlineSeconds=120").of("Job"):
        assert job["spec"]["activeDeadlineSeconds"] == 120
        assert job["spec"]["template"]["spec"]["serviceAccountName"] == "incident-hook"


def test_somebody_else_may_apply_the_definitions() -> None:
    names = {o["metadata"]["name"] for o in hooks(render("crds.apply=false"))}
    assert names == {"incident-hook-uninstall", "incidentsim-uninstall-hook", "incident-hook"}


def test_the_samples_are_systems_that_the_scenarios_break() -> None:
    found = render(*SAMPLES)
    systems = {o["metadata"]["name"]: MockSystem.model_validate(o) for o in found.of("MockSystem")}
    assert systems.keys() == {"redis-test", "postgres-test", "disk-monitor"}
    assert {name: system.spec.type.value for name, system in systems.items()} == {
        "redis-test": "Redis",
        "postgres-test": "Postgres",
        "disk-monitor": "Disk",
    }
    assert all(system.spec.deployment and not system.spec.external for system in systems.values())
    broken = {
        yaml.safe_load(path.read_text())["spec"]["target"]["systemRef"]["name"]
        for path in scenarios_folder().glob("*.yaml")
    }
    assert broken <= systems.keys()


def test_the_samples_namespace_allows_chaos_and_stays() -> None:
    namespace = render(*SAMPLES).one("Namespace")
    labels = namespace["metadata"]["labels"]
    assert namespace["metadata"]["name"] == "drills"
    assert labels["incidentsimulator.net/chaos"] == "enabled"
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert not render(*SAMPLES, "samples.createNamespace=false").has("Namespace")
    plain = render(*SAMPLES, 'samples.podSecurity=""').one("Namespace")["metadata"]["labels"]
    assert not [label for label in plain if label.startswith("pod-security")]


def test_the_samples_are_as_asked() -> None:
    assert [s["spec"]["deployment"] for s in render(*SAMPLES).of("MockSystem")] == [{}, {}, {}]
    more = ('samples.storageClass="fast"', "samples.retainStorage=true", 'samples.team="payments"')
    for system in render(*SAMPLES, *more).of("MockSystem"):
        assert system["spec"]["deployment"] == {"storageClass": "fast", "retainStorage": True}
        assert system["spec"]["team"] == "payments"


def test_without_samples_there_is_nothing_to_break() -> None:
    assert not render().has("MockSystem")
    assert not render().has("Namespace")


def policy(found: Rendered, name: str) -> dict[str, Any]:
    spec = found.one("NetworkPolicy", name)["spec"]
    assert isinstance(spec, dict)
    return spec


def test_whatever_is_not_allowed_is_denied() -> None:
    deny = policy(render(), "incident-default-deny")
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert not deny.keys() & {"ingress", "egress"}
    for _, template in render(*EVERYTHING).pods():
        assert deny["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert not render("networkPolicies.enabled=false").has("NetworkPolicy")


def test_the_models_can_be_reached_only_with_a_key() -> None:
    def ports(found: Rendered) -> list[list[Any]]:
        return [
            [p["port"] for p in rule["ports"]]
            for rule in policy(found, "incident-operator")["egress"]
            if "ports" in rule
        ]

    assert [443] not in ports(render())
    assert [443] in ports(render('diagnosis.existingSecret="keys"'))
    for address, port in (("http://otel:4318", 4318), ("https://otel/v1/traces", 443), ("http://otel", 80)):
        assert [port] in ports(render(f'tracing.otlpEndpoint="{address}"'))


def test_the_operator_reaches_the_systems_that_it_makes() -> None:
    label = {"matchLabels": {"app.kubernetes.io/managed-by": "incident-operator"}}

    def namespaces(*settings: str) -> Any:
        egress = policy(render(*settings), "incident-operator")["egress"]
        (peer,) = [peer for rule in egress for peer in rule["to"] if peer.get("podSelector") == label]
        return peer["namespaceSelector"]

    assert namespaces() == {}
    (expression,) = namespaces('operator.namespaces=["drills"]')["matchExpressions"]
    assert expression["values"] == ["drills"]


def test_only_the_operator_reaches_a_systems_other_ports() -> None:
    found = render(*SAMPLES)
    spec = found.one("NetworkPolicy", "incident-systems")["spec"]
    (everything,) = [rule for rule in spec["ingress"] if "ports" not in rule]
    (peer,) = everything["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": NAMESPACE}
    operator = found.one("Deployment", "incident-operator")["spec"]["template"]["metadata"]["labels"]
    assert peer["podSelector"]["matchLabels"].items() <= operator.items()
    (usual,) = [rule for rule in spec["ingress"] if "ports" in rule]
    assert [port["port"] for port in usual["ports"]] == ["clients"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec
    places = [
        o["metadata"]["namespace"] for o in render(*SAMPLES, 'operator.namespaces=["drills", "x"]').of("NetworkPolicy")
    ]
    assert sorted(place for place in places if place != NAMESPACE) == ["drills", "x"]


def test_an_ingress_with_a_certificate_of_cert_managers() -> None:
    given = ("ingress.enabled=true", 'ingress.host="a.example.org"', 'ingress.certManager.issuer="letsencrypt"')
    ingress = render(*given).one("Ingress")
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/issuer": "letsencrypt"}
    assert ingress["spec"]["tls"] == [{"hosts": ["a.example.org"], "secretName": "incident-api-tls"}]
    assert "tls" not in render(*given, "ingress.tls.enabled=false").one("Ingress")["spec"]


def test_gke_has_its_certificate_its_redirection_and_its_timeout() -> None:
    found = render(values_file="values-gke.yaml")
    notes = found.one("Ingress")["metadata"]["annotations"]
    assert notes == {
        "kubernetes.io/ingress.class": "gce",
        "kubernetes.io/ingress.global-static-ip-name": "incident-board",
        "networking.gke.io/managed-certificates": found.one("ManagedCertificate")["metadata"]["name"],
        "networking.gke.io/v1beta1.FrontendConfig": found.one("FrontendConfig")["metadata"]["name"],
    }
    assert "tls" not in found.one("Ingress")["spec"]
    service = found.one("Service", "incident-api")["metadata"]["annotations"]
    assert json.loads(service["cloud.google.com/backend-config"]) == {"default": "incident-api"}
    assert found.one("BackendConfig")["spec"]["timeoutSec"] == 3600


def test_a_gateway_route_lets_streams_last() -> None:
    route = render(*EVERYTHING).one("HTTPRoute")
    (rule,) = route["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s"}
    assert rule["backendRefs"] == [{"name": "incident-api", "port": 80}]


def test_prometheus_finds_both_programs() -> None:
    found = render("metrics.serviceMonitor.enabled=true")
    monitor = found.one("ServiceMonitor")["spec"]
    ports = {port["name"] for service in found.of("Service") for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} == ports
    for service in found.of("Service"):
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("value", "file", "kind"),
    [
        ("metrics.prometheusRule.enabled=true", "alerts.yaml", "PrometheusRule"),
        ("metrics.dashboard.enabled=true", "dashboard.json", "ConfigMap"),
    ],
)
def test_alerts_and_dashboard_are_the_files(value: str, file: str, kind: str) -> None:
    path = CHART / "files" / file
    if not path.exists():
        with pytest.raises(Refused, match=f"lacks files/{file}"):
            render_text(value)
        return
    found = render(value).one(kind)
    if kind == "ConfigMap":
        (text,) = found["data"].values()
        assert json.loads(text) == json.loads(path.read_text())
    else:
        assert found["spec"] == yaml.safe_load(path.read_text())


SAID = """
apiVersion: v1
kind: ConfigMap
metadata: {name: said}
data:
  text: |
    {{- include (print .Template.BasePath "/NOTES.txt") . | nindent 4 }}
"""


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart, with its notes in an object: without a cluster, helm renders none."""
    copy = tmp_path_factory.mktemp("chart") / "incident-simulator"
    shutil.copytree(CHART, copy)
    (copy / "templates" / "said.yaml").write_text(SAID)
    return copy


Notes = Callable[..., str]


@pytest.fixture
def notes(talking: Path) -> Notes:
    def render_notes(*settings: str, values_file: str = "values.yaml") -> str:
        arguments = ["template", RELEASE, str(talking), "--namespace", NAMESPACE, "--kube-version", "1.34.0"]
        arguments += ["--values", str(CHART / values_file)]
        for setting in settings:
            arguments += ["--set-json", setting]
        text: str = yaml.safe_load(run_helm(*arguments, "--show-only", "templates/said.yaml"))["data"]["text"]
        return text

    return render_notes


def test_the_notes_say_how_to_sign_in_and_what_stays(notes: Notes) -> None:
    said = notes(values_file="values-kind.yaml")
    for part in (
        f"kubectl port-forward --namespace {NAMESPACE} service/incident-api 8080:80",
        f"kubectl create token incident-approver --namespace {NAMESPACE}",
        "kubectl wait --for=condition=Ready msys --all --namespace drills",
        "generateName: first-",
        "incidentsimulator.net/approved-by=",
        "What stays: the resource",
        "the namespace drills",
        "kubectl delete crd --selector app.kubernetes.io/part-of=incident-simulator",
    ):
        assert part in said
    assert "Nobody may approve" not in said


def test_the_notes_say_what_is_missing(notes: Notes) -> None:
    said = notes()
    assert "Nobody may approve a plan yet" in said
    assert "There is nothing to break yet" in said
    assert "Diagnoses are made by rules" in said
    assert "trustedProxies" not in said
    behind = notes("ingress.enabled=true", 'ingress.host="a.example.org"')
    assert "https://a.example.org/" in behind
    assert "api.trustedProxies is empty" in behind
    assert "api.trustedProxies is empty" not in notes(values_file="values-gke.yaml")
