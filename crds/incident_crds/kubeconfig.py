"""Where the API server is and who we are: from a kubeconfig, or from a pod's service account."""

from __future__ import annotations

import atexit
import base64
import binascii
import os
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from incident_crds.errors import ConfigError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """One server and one user. The token is kept out of the representation."""

    server: str
    ca_file: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    """Read anew for each request: service account tokens rotate."""
    client_cert_file: str | None = None
    client_key_file: str | None = None

    def current_token(self) -> str:
        """The bearer token as of now; empty where there is none. Raises ConfigError where its file is gone."""
        if self.token_file is None:
            return self.token or ""
        try:
            return Path(self.token_file).read_text().strip()
        except OSError as error:
            raise ConfigError(f"the token file {self.token_file} cannot be read: {error.strerror}") from error


def load_config(path: str | None = None, context: str | None = None) -> ApiConfig:
    """From a kubeconfig (`path`, else KUBECONFIG, else ~/.kube/config), else from the pod's service account.

    Raises ConfigError where there is neither, or where the kubeconfig cannot be used.
    """
    file = Path(path or os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    if file.is_file():
        return _from_kubeconfig(file, context)
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if host and (SERVICE_ACCOUNT / "token").is_file():
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        return ApiConfig(
            server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
            ca_file=str(SERVICE_ACCOUNT / "ca.crt"),
            token_file=str(SERVICE_ACCOUNT / "token"),
        )
    raise ConfigError(f"no Kubernetes to talk to: {file} does not exist; set KUBECONFIG to a kubeconfig file")


def _from_kubeconfig(file: Path, context: str | None) -> ApiConfig:
    try:
        document = yaml.safe_load(file.read_text())
        name = context or document.get("current-context", "")
        chosen = _named(document["contexts"], name)["context"]
        cluster = _named(document["clusters"], chosen["cluster"])["cluster"]
        user = _named(document["users"], chosen["user"])["user"] or {}
        config = ApiConfig(
            server=cluster["server"].rstrip("/"),
            ca_file=_file(cluster, "certificate-authority", file),
            token=user.get("token"),
            token_file=_relative(user.get("tokenFile"), file),
            client_cert_file=_file(user, "client-certificate", file),
            client_key_file=_file(user, "client-key", file),
        )
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise ConfigError(f"{file} is not a usable kubeconfig: {error.args[0]} is missing") from error
    except (yaml.YAMLError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise ConfigError(f"{file} is not a usable kubeconfig: {type(error).__name__}: {error}") from error
    if not (config.token or config.token_file or (config.client_cert_file and config.client_key_file)):
        raise ConfigError(
            f"user {chosen['user']} in {file} has neither a token nor a client certificate; "
            "sign-in by a helper program is not supported, use a service account's token"
        )
    return config


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for entry in entries:
        if entry["name"] == name:
            return entry
    raise KeyError(f"an entry named {name!r}")


def _relative(path: str | None, file: Path) -> str | None:
    return None if path is None else str(file.parent / path)


def _file(entry: dict[str, Any], key: str, file: Path) -> str | None:
    """The path of a certificate or key that the kubeconfig names or holds."""
    if key in entry:
        return _relative(entry[key], file)
    data = entry.get(f"{key}-data")
    return None if data is None else _written_out(data)


@cache
def _written_out(data: str) -> str:
    """TLS wants files. They are ours alone, one for each content, and go when the process ends."""
    content = base64.b64decode("".join(data.split()), validate=True)
    with tempfile.NamedTemporaryFile("wb", prefix="incidentsim-", suffix=".pem", delete=False) as written:
        written.write(content)
    atexit.register(Path(written.name).unlink, missing_ok=True)
    return written.name
