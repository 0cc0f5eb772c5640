"""Where the client finds its server and its user."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from incident_crds import kubeconfig
from incident_crds.client import ApiConfig, load_config
from incident_crds.errors import ConfigError

CA = b"-----BEGIN CERTIFICATE-----\n"


def entries(user: dict[str, Any], cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "v"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/"} | cluster}],
        "users": [{"name": "u", "user": user}, {"name": "v", "user": {"token": "of-v"}}],
    }


def write(folder: Path, user: dict[str, Any], **cluster: Any) -> str:
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(entries(user, cluster)))
    return str(file)


def test_the_current_context_or_the_one_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, {"token": "of-u"})
    assert load_config(path) == ApiConfig("https://127.0.0.1:6443", token="of-u")
    assert load_config(path, "two").current_token() == "of-v"


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path, {"token": "of-u"}))
    assert load_config().current_token() == "of-u"


def test_files_are_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("first\n")
    user = {"tokenFile": "t", "client-certificate": "c.crt", "client-key": "/elsewhere/c.key"}
    config = load_config(write(tmp_path, user, **{"certificate-authority": "pki/ca.crt"}))
    assert config.ca_file == str(tmp_path / "pki/ca.crt")
    assert config.client_cert_file == str(tmp_path / "c.crt")
    assert config.client_key_file == "/elsewhere/c.key"
    assert config.current_token() == "first"
    (tmp_path / "t").write_text("second\n")
    assert config.current_token() == "second"


def test_certificates_in_the_kubeconfig_become_files_of_ours_alone(tmp_path: Path) -> None:
    encoded = base64.b64encode(CA).decode()
    user = {"client-certificate-data": encoded, "client-key-data": encoded}
    path = write(tmp_path, user, **{"certificate-authority-data": encoded})
    config = load_config(path)
    assert config.ca_file is not None
    assert Path(config.ca_file).read_bytes() == CA
    assert Path(config.ca_file).stat().st_mode & 0o077 == 0
    assert load_config(path).ca_file == config.ca_file


def test_the_token_is_not_shown(tmp_path: Path) -> None:
    assert "of-u" not in repr(load_config(write(tmp_path, {"token": "of-u"})))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a usable kubeconfig: ParserError"),
        ("", "is not a usable kubeconfig: "),
        ("current-context: one\ncontexts: []", "is not a usable kubeconfig: an entry named 'one' is missing"),
        (yaml.safe_dump(entries({"exec": {"command": "x"}}, {})), "user u in .* has neither a token nor a client cert"),
        (
            yaml.safe_dump(entries({"token": "t"}, {"certificate-authority-data": "%"})),
            "is not a usable kubeconfig: Error: ",
        ),
    ],
    ids=["no YAML", "empty", "no context", "a helper program", "no base64"],
)
def test_a_kubeconfig_that_cannot_be_used(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        load_config(str(file))
    assert str(file) in str(error.value)


def test_a_pods_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("of-pod")
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    config = load_config()
    assert config.server == "https://[fd00::1]:6443"
    assert config.ca_file == str(tmp_path / "ca.crt")
    assert config.current_token() == "of-pod"
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="token cannot be read: No such file"):
        config.current_token()


def test_no_kubernetes_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError, match="set KUBECONFIG to a kubeconfig file"):
        load_config()
