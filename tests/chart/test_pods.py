"""Every pod passes the Pod Security standard `restricted`, and runs as the chart's values say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from incident_api.settings import Settings as ApiSettings
from incident_operator.settings import Settings as OperatorSettings

from .everything import EVERYTHING, GKE
from .rendering import NAMESPACE, Manifest, env_of, render

VARIANTS: dict[str, tuple[str, ...]] = {"defaults": (), "everything": EVERYTHING, "gke": EVERYTHING + GKE}
VARIANT = pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS.keys())
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace")
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@VARIANT
def test_every_pod_passes_the_restricted_standard(settings: tuple[str, ...]) -> None:
    names = []
    for name, template in render(*settings).pods():
        names.append(name)
        spec = template["spec"]
        assert not [field for field in HOST_FIELDS if spec.get(field)], name
        check_identity(spec["securityContext"])
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {kind for volume in spec["volumes"] for kind in volume.keys() - {"name"}} <= VOLUMES
        assert not spec.get("initContainers")
        for container in spec["containers"]:
            check_container(container)
    assert sorted(names) == ["incident-api", "incident-hook-crds", "incident-hook-uninstall", "incident-operator"]


def check_identity(context: Manifest) -> None:
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == 10001
    assert not context.keys() & {"sysctls", "windowsOptions", "seLinuxOptions", "appArmorProfile"}


def check_container(container: Manifest) -> None:
    context = container["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["readOnlyRootFilesystem"] is True
    assert not context.get("privileged")
    assert "procMount" not in context
    assert not [port for port in container.get("ports", ()) if "hostPort" in port]
    for kind in ("requests", "limits"):
        assert container["resources"][kind].keys() >= {"cpu", "memory"}


@VARIANT
def test_what_can_be_written_is_small_and_nothing_else(settings: tuple[str, ...]) -> None:
    for _, template in render(*settings).pods():
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        for container in template["spec"]["containers"]:
            for mount in container["volumeMounts"]:
                if not mount.get("readOnly"):
                    assert volumes[mount["name"]]["emptyDir"]["sizeLimit"]


def test_every_image_is_the_one_of_the_values() -> None:
    digest = "sha256:" + "0" * 64
    for setting, image in (
        ('image={"repository": "example/sim", "tag": "1.2.3"}', "example/sim:1.2.3"),
        (f'image={{"repository": "example/sim", "digest": "{digest}"}}', f"example/sim@{digest}"),
        ('image.pullPolicy="Never"', "incident-simulator:0.1.0"),
    ):
        found = render(setting)
        assert {c["image"] for _, t in found.pods() for c in t["spec"]["containers"]} == {image}
        operator = found.one("Deployment", "incident-operator")
        assert env_of(operator["spec"]["template"])["INCIDENTSIM_IMAGE"] == image


def test_accounts_have_no_token_where_nobody_asked() -> None:
    found = render(*EVERYTHING)
    accounts = found.of("ServiceAccount")
    assert {a["metadata"]["name"] for a in accounts} == {
        "incident-operator",
        "incident-api",
        "incident-hook",
        "approver",
    }
    assert all(account["automountServiceAccountToken"] is False for account in accounts)
    for _, template in found.pods():
        assert template["spec"]["automountServiceAccountToken"] is True
        assert template["spec"]["enableServiceLinks"] is False


def test_one_operator_is_ready_when_it_acts_and_several_when_they_live() -> None:
    """Of several, only one can hold the Lease: an installation would wait for the others in vain."""
    for replicas, path in ((1, "/readyz"), (2, "/healthz")):
        deployment = render(f"operator.replicas={replicas}").one("Deployment", "incident-operator")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["readinessProbe"]["httpGet"]["path"] == path
        assert deployment["spec"]["replicas"] == replicas
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_the_board_stays_while_nodes_are_drained() -> None:
    found = render()
    api = found.one("Deployment", "incident-api")
    assert api["spec"]["replicas"] == 2
    assert api["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    spread = api["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert {constraint["topologyKey"] for constraint in spread} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert found.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert not render("api.replicas=1").has("PodDisruptionBudget")
    assert not render("api.podDisruptionBudget.enabled=false").has("PodDisruptionBudget")


@VARIANT
def test_selectors_choose_the_pods_that_they_mean(settings: tuple[str, ...]) -> None:
    found = render(*settings)
    for name in ("incident-operator", "incident-api"):
        deployment = found.one("Deployment", name)
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        for selector in (
            deployment["spec"]["selector"]["matchLabels"],
            found.one("Service", name)["spec"]["selector"],
            found.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"],
        ):
            assert selector.items() <= labels.items()
            assert selector["app.kubernetes.io/component"] == name.removeprefix("incident-")


def test_the_operator_reads_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the operator's own words: a variable that it does not know would be passed over."""
    env = env_of(render(*EVERYTHING).one("Deployment", "incident-operator")["spec"]["template"])
    set_environment(monkeypatch, env)
    settings = OperatorSettings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8085)  # noqa: S104
    assert settings.namespace == NAMESPACE
    assert settings.groq_url == "https://gateway.example.org/groq"
    assert settings.gemini_url == "https://gateway.example.org/gemini"
    assert settings.diagnosers == "groq,gemini,rules"
    assert settings.log_level == "INFO"
    assert env["INCIDENTSIM_OTLP_ENDPOINT"] == "http://collector.observability:4318"
    for key in ("GROQ_API_KEY", "GEMINI_API_KEY"):
        assert env[key] == {"secretKeyRef": {"name": "keys", "key": key, "optional": True}}
    assert not [name for name in env_of_defaults() if "KEY" in name]


def env_of_defaults() -> dict[str, Any]:
    return env_of(render().one("Deployment", "incident-operator")["spec"]["template"])


def test_the_defaults_of_chart_and_operator_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = OperatorSettings()
    set_environment(monkeypatch, env_of_defaults())
    given = OperatorSettings()
    for name in ("hold_seconds", "diagnosers", "groq_model", "gemini_model", "log_level", "log_format"):
        assert getattr(plain, name) == getattr(given, name), name


def test_the_api_reads_what_it_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    env = env_of(render(*EVERYTHING).one("Deployment", "incident-api")["spec"]["template"])
    secrets = tmp_path / "secrets"
    secrets.write_text("a" * 43)
    set_environment(monkeypatch, env | {"INCIDENTSIM_API_SESSION_SECRET_FILE": str(secrets)})
    settings = ApiSettings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)  # noqa: S104
    assert settings.system_namespace == NAMESPACE
    assert settings.namespace == "drills"
    assert settings.token_header == "x-forwarded-access-token"
    assert settings.trusted_proxies == "10.0.0.0/8"
    assert settings.allowed_origins == "https://portal.example.org"
    assert settings.session_secrets() == ["a" * 43]


def test_the_defaults_of_chart_and_api_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ApiSettings()
    env = env_of(render().one("Deployment", "incident-api")["spec"]["template"])
    del env["INCIDENTSIM_API_SESSION_SECRET_FILE"]
    set_environment(monkeypatch, env)
    given = ApiSettings()
    for name in ("namespace", "title", "sla", "reply_seconds", "most_streams", "trusted_proxies", "log_level"):
        assert getattr(plain, name) == getattr(given, name), name


def set_environment(monkeypatch: pytest.MonkeyPatch, env: dict[str, Any]) -> None:
    for name, value in env.items():
        if isinstance(value, str):
            monkeypatch.setenv(name, value)
        elif value.get("fieldRef", {}).get("fieldPath") == "metadata.namespace":
            monkeypatch.setenv(name, NAMESPACE)


def test_cookies_are_sealed_by_a_secret_that_all_replicas_share() -> None:
    found = render()
    secret = found.one("Secret")
    assert re.fullmatch(r"[A-Za-z0-9+/=]{44,}", secret["data"]["secrets"])
    volume = session_volume(found.one("Deployment", "incident-api"))
    assert volume["secretName"] == secret["metadata"]["name"]
    assert volume["items"] == [{"key": "secrets", "path": "secrets"}]
    given = render('api.session={"existingSecret": "mine", "key": "cookie"}')
    assert not given.has("Secret")
    volume = session_volume(given.one("Deployment", "incident-api"))
    assert volume["secretName"] == "mine"
    assert volume["items"] == [{"key": "cookie", "path": "secrets"}]


def session_volume(deployment: Manifest) -> Manifest:
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    (found,) = [volume["secret"] for volume in volumes if "secret" in volume]
    assert isinstance(found, dict)
    return found


def test_placement_and_extras_arrive() -> None:
    found = render(*EVERYTHING)
    for name in ("incident-operator", "incident-api"):
        template = found.one("Deployment", name)["spec"]["template"]
        spec = template["spec"]
        assert template["metadata"]["labels"]["team"] == "sre"
        assert template["metadata"]["annotations"]["note"] == name.removeprefix("incident-")
        assert (spec["priorityClassName"], spec["nodeSelector"]) == ("high", {"pool": "a"})
        assert spec["tolerations"] == [{"key": "a", "operator": "Exists"}]
        assert spec["affinity"] == {"nodeAffinity": {}}
        assert spec["imagePullSecrets"] == [{"name": "pull"}]
        assert env_of(template)["LANG"]
        assert found.one("ServiceAccount", name)["metadata"]["annotations"] == {"note": "account"}
    for job in found.of("Job"):
        assert job["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "a"}


def test_a_label_of_the_values_cannot_take_a_pod_away_from_its_selector() -> None:
    template = render('api.podLabels={"app.kubernetes.io/component": "other"}').one("Deployment", "incident-api")[
        "spec"
    ]
    assert template["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == "api"
