"""Settings of the operator, from the environment. The environment is read nowhere else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from incident_crds.environment import HostAndPort, split_address, split_list
from incident_operator.diagnosis.factory import DIAGNOSERS, DiagnosisSettings, GeminiSdk, ProviderSettings
from incident_operator.failpoints import parse_failpoint


def _known_diagnosers(text: str) -> str:
    names = split_list(text)
    if not names or len(set(names)) != len(names) or not set(names) <= set(DIAGNOSERS):
        raise ValueError(f"must list some of {', '.join(DIAGNOSERS)}, each once, separated by commas")
    return text


def _known_failpoint(text: str) -> str:
    parse_failpoint(text)
    return text


def _plain_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value().strip()  # a Secret is often made with a newline at its end
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("holds characters that no key has")
    return SecretStr(text)


Key = Annotated[SecretStr, AfterValidator(_plain_key)]


class Settings(BaseSettings):
    """INCIDENTSIM_* variables; KUBECONFIG is read by the Kubernetes client."""

    model_config = SettingsConfigDict(env_prefix="INCIDENTSIM_", env_ignore_empty=True, extra="ignore")

    listen: HostAndPort = "127.0.0.1:8085"
    """HOST:PORT of /metrics, /healthz and /readyz."""
    namespace: str = "incidentsim-system"
    """The operator's own namespace: its Lease, its counter and the kill switch."""
    lease_seconds: Annotated[int, Field(ge=3, le=120)] = 15
    """How long another operator waits for this one, once it is silent; a busy control plane needs more."""
    log_format: Literal["json", "console"] = "json"
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = "INFO"
    hold_seconds: Annotated[int, Field(ge=1, le=600)] = 5
    """How long a recovery must hold to count as proven."""

    image: str = "incident-simulator:dev"
    """The operator's own image: systems that it creates run the proxy and the disk agent from it."""
    redis_image: str = "redis:7"
    postgres_image: str = "postgres:16"
    otlp_endpoint: Annotated[str | None, Field(pattern=r"^https?://")] = None
    """Collector that traces of drills are sent to, as OTLP over HTTP; none are made without it."""

    failpoint: Annotated[str, AfterValidator(_known_failpoint)] | None = None
    """For crash tests only: POINT or POINT@SYSTEM, where this process ends itself with SIGKILL."""
    failpoint_journal: Path | None = None
    """For crash tests only: a file that is told of every such point that is passed."""

    diagnosers: Annotated[str, AfterValidator(_known_diagnosers)] = "groq,gemini,rules"
    """Who diagnoses, in this order. Groq and Gemini are left out without a key."""
    groq_model: str = "openai/gpt-oss-120b"
    groq_url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    groq_api_key: Key | None = Field(default=None, validation_alias="GROQ_API_KEY")
    gemini_model: str = "gemini-3.5-flash"
    gemini_url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    gemini_api_key: Key | None = Field(default=None, validation_alias="GEMINI_API_KEY")
    gemini_sdk: GeminiSdk = GeminiSdk.LEGACY

    @property
    def diagnosis(self) -> DiagnosisSettings:
        return DiagnosisSettings(
            order=tuple(split_list(self.diagnosers)),
            groq=ProviderSettings(key=self.groq_api_key, model=self.groq_model, base_url=self.groq_url),
            gemini=ProviderSettings(key=self.gemini_api_key, model=self.gemini_model, base_url=self.gemini_url),
            gemini_sdk=self.gemini_sdk,
        )

    @property
    def host(self) -> str:
        return split_address(self.listen)[0]

    @property
    def port(self) -> int:
        return split_address(self.listen)[1]

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def hold(self) -> timedelta:
        return timedelta(seconds=self.hold_seconds)
