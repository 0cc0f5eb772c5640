"""Everything that is read from the environment, and where things lie by default."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]
IN_CHECKOUT = (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "local" / "controlplane").is_dir()

PORT_FIELDS = {
    "api-server": "api_server_port",
    "etcd": "etcd_port",
    "redis-test": "redis_port",
    "postgres-test": "postgres_port",
    "disk-monitor": "disk_port",
    "control": "control_port",
    "operator": "operator_port",
    "api": "api_port",
}
Port = Annotated[int, Field(ge=1, le=65535)]


class ControlPlaneKind(StrEnum):
    """Which API server to start."""

    BUILD = "build"
    ENVTEST = "envtest"


def default_state_dir() -> Path:
    """In the checkout when there is one, so that `make clean` knows what to remove."""
    return _CHECKOUT / ".incidentsim" if IN_CHECKOUT else Path.home() / ".local" / "state" / "incident-simulator"


def default_cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "incident-simulator"


class Settings(BaseSettings):
    """INCIDENTSIM_<NAME> in the environment; a port left out is picked and kept."""

    model_config = SettingsConfigDict(
        env_prefix="INCIDENTSIM_", env_ignore_empty=True, frozen=True, populate_by_name=True
    )

    state_dir: Path = Field(default_factory=default_state_dir)
    cache_dir: Path = Field(default_factory=default_cache_dir)
    control_plane: ControlPlaneKind = ControlPlaneKind.BUILD
    kubebuilder_assets: Path | None = Field(
        default=None, validation_alias=AliasChoices("kubebuilder_assets", "KUBEBUILDER_ASSETS")
    )
    api_server_port: Port | None = None
    etcd_port: Port | None = None
    redis_port: Port | None = None
    postgres_port: Port | None = None
    disk_port: Port | None = None
    control_port: Port | None = None
    operator_port: Port | None = None
    api_port: Port | None = None
    groq_api_key: SecretStr | None = Field(default=None, validation_alias="GROQ_API_KEY")
    gemini_api_key: SecretStr | None = Field(default=None, validation_alias="GEMINI_API_KEY")
    log_level: str = "info"
    log_format: str = "json"

    def configured_ports(self) -> dict[str, int]:
        """The ports that were asked for, by the name of what listens there."""
        ports = {name: getattr(self, field) for name, field in PORT_FIELDS.items()}
        return {name: port for name, port in ports.items() if port is not None}

    def model_keys(self) -> dict[str, str]:
        """The keys that were given, by their variable: for the operator and nobody else."""
        keys = {"GROQ_API_KEY": self.groq_api_key, "GEMINI_API_KEY": self.gemini_api_key}
        return {name: key.get_secret_value() for name, key in keys.items() if key is not None}


def control_plane_source() -> Path:
    """The Go module: in the checkout, or as it was packed into the wheel."""
    return _PACKAGE.parent / "controlplane" if IN_CHECKOUT else _PACKAGE / "controlplane"


def devtools_source() -> Path:
    """The Go modules of what only development needs; a wheel has none."""
    return _CHECKOUT / "local" / "devtools"


def board_source() -> Path | None:
    """The board's source in a checkout; None where the wheel brought the built board."""
    source = _CHECKOUT / "ui"
    return source if IN_CHECKOUT and (source / "package.json").is_file() else None


def wheels_lock() -> Path:
    return _PACKAGE / "wheels.lock"


def child_environment(**added: str) -> dict[str, str]:
    """What a started program gets to see. The user's own cluster is not part of it, nor is anything secret."""
    hidden = {"KUBECONFIG", "PYTHONPATH", "PYTHONHOME", "GROQ_API_KEY", "GEMINI_API_KEY"}
    hidden.add("INCIDENTSIM_API_SESSION_SECRET")  # the API takes one secret, and is given one in a file
    return {name: value for name, value in os.environ.items() if name not in hidden} | added
