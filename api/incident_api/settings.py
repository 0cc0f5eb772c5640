"""Settings of the API, from the environment. The environment is read nowhere else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from incident_crds.catalogue import Severity
from incident_crds.environment import HostAndPort, split_address, split_list

_SHORTEST_SECRET = 16
_LONGEST_TITLE = 60
_DEFAULT_SLA = "P0=5/60,P1=15/240,P2=60/1440,P3=240/4320"
_LEVEL = re.compile(r"(P[0-3])\s*=\s*([0-9]{1,6})\s*/\s*([0-9]{1,6})")
NamespaceName = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


def _origins(text: str) -> str:
    for origin in split_list(text):
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not host or "/" in host or "*" in host:
            raise ValueError("must list origins such as https://board.example.org, separated by commas")
    return text


def _title(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > _LONGEST_TITLE:
        raise ValueError(f"must be one line of up to {_LONGEST_TITLE} characters")
    return text.strip()


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How many minutes an incident may take."""

    acknowledge: int
    resolve: int


def parse_sla(text: str) -> dict[Severity, ServiceLevel]:
    """From `P0=5/60,P1=…`. Raises ValueError, which says what is wrong with which part."""
    levels: dict[Severity, ServiceLevel] = {}
    for part in split_list(text):
        found = _LEVEL.fullmatch(part)
        if found is None:
            raise ValueError(f"{part!r} must be SEVERITY=MINUTES/MINUTES, to acknowledge and to resolve, as in P0=5/60")
        severity, level = Severity(found[1]), ServiceLevel(int(found[2]), int(found[3]))
        if severity in levels:
            raise ValueError(f"{severity} is given twice: keep one")
        if not 0 < level.acknowledge <= level.resolve:
            raise ValueError(f"{part!r} must give a minute or more to acknowledge, and no less to resolve")
        levels[severity] = level
    return levels


def _sla(text: str) -> str:
    if not parse_sla(text):
        raise ValueError(f"must name a severity, as in {_DEFAULT_SLA}")
    return text


def _built(folder: Path) -> Path:
    if not (folder / "index.html").is_file():
        raise ValueError(f"{folder} holds no index.html: build the board with `make board`, or name its folder")
    return folder


class Settings(BaseSettings):
    """INCIDENTSIM_API_* variables; KUBECONFIG is read by the Kubernetes client."""

    model_config = SettingsConfigDict(
        env_prefix="INCIDENTSIM_API_",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    listen: HostAndPort = "127.0.0.1:8086"
    """HOST:PORT."""
    namespace: NamespaceName = "drills"
    """Where things are made when a request names no namespace."""
    system_namespace: NamespaceName = "incidentsim-system"
    """The operator's own namespace, which holds the kill switch."""
    session_secret: SecretStr | None = None
    """Seals cookies and links; the same for all replicas. Several, separated by commas, to replace one."""
    session_secret_file: Path | None = None
    """A file with the secrets, one a line."""
    allowed_origins: Annotated[str, AfterValidator(_origins)] = ""
    """Origins of other sites whose pages may call this API with a bearer token."""
    token_header: Annotated[str, AfterValidator(str.lower), Field(pattern="^[A-Za-z0-9-]+$")] | None = None
    """Header in which a proxy hands on the user's token, such as X-Forwarded-Access-Token."""
    trusted_proxies: str = ""
    """Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas."""
    most_streams: Annotated[int, Field(ge=1, le=100_000)] = 5000
    """Boards that may be open at once on this replica."""
    reply_seconds: Annotated[float, Field(ge=0, le=60)] = 5
    """How long a write waits for the operator to act on it."""
    title: Annotated[str, AfterValidator(_title)] = "Incident simulator"
    """Name of this simulator, as boards show it."""
    sla: Annotated[str, AfterValidator(_sla)] = _DEFAULT_SLA
    """Minutes to acknowledge and to resolve an incident, by severity; one that is left out keeps its default."""
    board_dir: Annotated[Path, AfterValidator(_built)] | None = None
    """Folder of the built board, in place of the one that comes with this package or is built in a checkout."""
    log_format: Literal["json", "console"] = Field(default="json", validation_alias="INCIDENTSIM_LOG_FORMAT")
    """json, or console for people."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        default="INFO", validation_alias="INCIDENTSIM_LOG_LEVEL"
    )
    """DEBUG, INFO, WARNING or ERROR."""

    @model_validator(mode="after")
    def _one_source(self) -> Settings:
        if self.session_secret is not None and self.session_secret_file is not None:
            raise ValueError("set one of INCIDENTSIM_API_SESSION_SECRET and INCIDENTSIM_API_SESSION_SECRET_FILE")
        if any(len(secret) < _SHORTEST_SECRET for secret in self._given_secrets()):
            raise ValueError(f"a session secret has at least {_SHORTEST_SECRET} characters")
        return self

    def _given_secrets(self) -> list[str]:
        if self.session_secret is not None:
            return split_list(self.session_secret.get_secret_value())
        if self.session_secret_file is None:
            return []
        try:
            lines = self.session_secret_file.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the session secret file cannot be read: {type(error).__name__}") from error
        found = [line.strip() for line in lines if line.strip()]
        if not found:
            raise ValueError("the session secret file is empty")
        return found

    @property
    def has_session_secret(self) -> bool:
        """Without one, sessions end with this process and no other replica knows them."""
        return bool(self._given_secrets())

    def session_secrets(self) -> list[str]:
        """The secrets that were given, else one that nobody else knows."""
        return self._given_secrets() or [secrets.token_urlsafe(32)]

    def service_levels(self) -> Mapping[Severity, ServiceLevel]:
        """Of every severity, the worst first."""
        return {**parse_sla(_DEFAULT_SLA), **parse_sla(self.sla)}

    @property
    def host(self) -> str:
        return split_address(self.listen)[0]

    @property
    def port(self) -> int:
        return split_address(self.listen)[1]
